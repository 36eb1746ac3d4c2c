/** Contacts as their tenant sees them: the schema, and a row in its shape. Pure. */
import type { ContactRow } from '@berth/core/postgres/contacts.ts'
import { z } from 'zod'
import { recipientOf } from './chat.ts'

/** What is known of any person. */
export const person = {
  phoneNumber: z.string().optional().describe('E.164, when WhatsApp tells it'),
  lid: z.string().optional().describe("WhatsApp's other id of a person"),
  name: z.string().optional().describe('What they call themselves, as far as it is known'),
}

export const ContactId = z.string().describe('The chat with them: write to it by using it as "to"')

export const Contact = z
  .object({
    id: ContactId,
    ...person,
    name: z.string().optional().describe('The first that is known of savedName, verifiedName and pushName'),
    pushName: z.string().optional().describe('What they call themselves'),
    savedName: z.string().optional().describe("What they are called in the account's address book"),
    verifiedName: z.string().optional().describe('What WhatsApp calls a business'),
    lastMessageAt: z.iso.datetime().describe('When the last message came or went'),
  })
  .meta({
    id: 'Contact',
    examples: [
      {
        id: '5511999990002@s.whatsapp.net',
        phoneNumber: '+5511999990002',
        lid: '210987654321@lid',
        name: 'Ana',
        pushName: 'Ana',
        lastMessageAt: '2026-01-05T10:16:00.000Z',
      },
    ],
  })
export type Contact = z.infer<typeof Contact>

export const contactView = (row: ContactRow): Contact => ({
  id: row.id,
  ...phoneNumberIn(row.id),
  ...(row.lid && { lid: row.lid }),
  ...(row.name && { name: row.name }),
  ...(row.push_name && { pushName: row.push_name }),
  ...(row.saved_name && { savedName: row.saved_name }),
  ...(row.verified_name && { verifiedName: row.verified_name }),
  lastMessageAt: row.last_message_at.toISOString(),
})

/** A contact's phone number stands in the id, if anywhere. */
const phoneNumberIn = (chat: string) => (chat.endsWith('@lid') ? {} : { phoneNumber: recipientOf(chat) })
