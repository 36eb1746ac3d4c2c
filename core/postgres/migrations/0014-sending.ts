export const sending = ''
