/** People's cards: one, or several. */
import type { Contact, MessageOf } from '@berth/core/model/message.ts'
import { phoneNumberIn } from '@berth/core/model/vcard.ts'
import type { proto } from '@whiskeysockets/baileys'
import type { Family } from './family.ts'

export const contacts: Family<MessageOf<'contacts'>> = {
  types: ['contacts'],
  toProto({ contacts }) {
    const cards = contacts.map(({ name: displayName, vcard }) => ({ displayName, vcard }))
    if (cards.length === 1) return { contactMessage: cards[0]! }
    return { contactsArrayMessage: { displayName: `${cards.length} contacts`, contacts: cards } }
  },
  fromProto({ contactMessage, contactsArrayMessage }) {
    const cards = contactMessage ? [contactMessage] : (contactsArrayMessage?.contacts ?? [])
    const contacts = cards.flatMap(contactFrom)
    return contacts.length > 0 ? { type: 'contacts', contacts } : undefined
  },
}

function contactFrom({ displayName, vcard }: proto.Message.IContactMessage): Contact[] {
  if (!vcard) return []
  const phoneNumber = phoneNumberIn(vcard)
  const name = displayName || /^FN(?:;[^:]*)?:(.+)$/m.exec(vcard)?.[1]?.trim() || phoneNumber || 'Contact'
  return [{ name, ...(phoneNumber && { phoneNumber }), vcard }]
}
