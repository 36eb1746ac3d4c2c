export const conversations = ''
