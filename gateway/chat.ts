/** How people write recipients, and how WhatsApp writes chats. */

const PHONE_SERVER = '@s.whatsapp.net'
const E164 = /^\+[1-9]\d{6,14}$/
const PERSON = /^\d{5,20}@(s\.whatsapp\.net|lid)$/
const CHAT = /^(\d{5,20}@(s\.whatsapp\.net|lid)|\d{5,20}(-\d{5,20})?@g\.us)$/

/** Either of the two. */
export const RECIPIENT_PATTERN = new RegExp(`${E164.source}|${CHAT.source}`)

/** A phone number with country code, or the chat with a person. */
export const PERSON_PATTERN = new RegExp(`${E164.source}|${PERSON.source}`)
export const PHONE_NUMBER_PATTERN = E164
export const GROUP_PATTERN = /^\d{5,20}(-\d{5,20})?@g\.us$/

/** The chat of a recipient: a phone number with country code, or a chat as it is. undefined: neither. */
export function chatOf(recipient: string): string | undefined {
  if (E164.test(recipient)) return recipient.slice(1) + PHONE_SERVER
  return CHAT.test(recipient) ? recipient : undefined
}

/** The phone number of a chat, when that is what it is named by; else the chat. */
export const recipientOf = (chat: string): string =>
  chat.endsWith(PHONE_SERVER) ? `+${chat.slice(0, -PHONE_SERVER.length)}` : chat
