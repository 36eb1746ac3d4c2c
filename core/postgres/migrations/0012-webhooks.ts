export const webhooks = ''
