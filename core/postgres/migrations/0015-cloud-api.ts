export const cloudApi = ''
