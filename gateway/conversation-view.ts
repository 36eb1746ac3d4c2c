/** Conversations as their tenant sees them: the schema, and a row in its shape. Pure. */
import type { ConversationRow } from '@berth/core/postgres/contacts.ts'
import { z } from 'zod'
import { recipientOf } from './chat.ts'
import { Message } from './message-schemas.ts'

/** WhatsApp lets businesses answer freely for so long. */
const WINDOW_MS = 24 * 3_600_000

export const Conversation = z
  .object({
    chat: z.string().describe('Its id: write to it by using it as "to"'),
    group: z.boolean().describe('With several people'),
    name: z.string().optional().describe('What the contact or the group is called, as far as it is known'),
    phoneNumber: z.string().optional().describe('Of the contact, when it is known'),
    lid: z.string().optional().describe("WhatsApp's other id of the contact"),
    unread: z
      .int()
      .min(0)
      .describe('Messages that came in and were read neither on a device of the account nor through …/read'),
    lastActivityAt: z.iso.datetime().describe('When the last message came or went'),
    lastReceivedAt: z.iso.datetime().optional().describe('When the last message came in'),
    window: z
      .object({
        open: z.boolean().describe('The contact wrote within the last 24 hours'),
        closesAt: z.iso.datetime().optional().describe('24 hours after the last message that came in'),
      })
      .describe("WhatsApp's time for answers: some providers let businesses write freely only while it is open"),
    archived: z.boolean().describe('Archived on the phone'),
    pinned: z.boolean().describe('Pinned on the phone'),
    mutedUntil: z.iso.datetime().optional().describe('Muted on the phone until then'),
    lastMessage: Message.optional().describe('The last message, as it is now; left out when it is kept no more'),
  })
  .meta({
    id: 'Conversation',
    examples: [
      {
        chat: '5511999990002@s.whatsapp.net',
        group: false,
        name: 'Ana',
        phoneNumber: '+5511999990002',
        lid: '210987654321@lid',
        unread: 2,
        lastActivityAt: '2026-01-05T10:16:00.000Z',
        lastReceivedAt: '2026-01-05T10:16:00.000Z',
        window: { open: true, closesAt: '2026-01-06T10:16:00.000Z' },
        archived: false,
        pinned: false,
        lastMessage: {
          id: '019b8a3e-8f0e-7d5e-9f6e-0b7f5d1f2a3c',
          session: 'support',
          chat: '5511999990002@s.whatsapp.net',
          direction: 'incoming',
          fromMe: false,
          from: { phoneNumber: '+5511999990002', lid: '210987654321@lid', name: 'Ana' },
          type: 'text',
          text: 'Is my order there?',
          status: 'received',
          createdAt: '2026-01-05T10:16:01.000Z',
          sentAt: '2026-01-05T10:16:00.000Z',
          statusAt: '2026-01-05T10:16:01.000Z',
        },
      },
    ],
  })
export type Conversation = z.infer<typeof Conversation>

/** Until when answers are free, and whether they are now (Unix milliseconds). */
export function windowOf(inboundAt: Date | null, now: number): Conversation['window'] {
  if (!inboundAt) return { open: false }
  const closesAt = inboundAt.getTime() + WINDOW_MS
  return { open: now < closesAt, closesAt: new Date(closesAt).toISOString() }
}

export function conversationView(row: ConversationRow, lastMessage: Message | undefined, now: number): Conversation {
  const { chat, lid, name, muted_until } = row
  const recipient = recipientOf(chat)
  return {
    chat,
    group: chat.endsWith('@g.us'),
    ...(name && { name }),
    ...(recipient !== chat && { phoneNumber: recipient }),
    ...(lid && { lid }),
    unread: row.unread,
    lastActivityAt: row.last_at.toISOString(),
    ...(row.inbound_at && { lastReceivedAt: row.inbound_at.toISOString() }),
    window: windowOf(row.inbound_at, now),
    archived: row.archived,
    pinned: row.pinned_at !== null,
    ...(muted_until && muted_until.getTime() > now && { mutedUntil: muted_until.toISOString() }),
    ...(lastMessage && { lastMessage }),
  }
}
