/** A message and a command as their tenant sees them. Pure. */
import { recipientOf } from './chat.ts'
import type { CommandRow } from './data/commands.ts'
import type { MessageRow } from './data/messages.ts'
import type { Command, Message } from './schemas.ts'

const textOf = (content: unknown): string | undefined =>
  typeof content === 'object' && content !== null && 'text' in content && typeof content.text === 'string'
    ? content.text
    : undefined

export function messageView(row: MessageRow, session: string): Message {
  const text = textOf(row.content)
  return {
    id: row.id,
    session,
    chat: row.chat,
    direction: row.from_me ? 'outgoing' : 'incoming',
    fromMe: row.from_me,
    ...(row.from_me ? { to: recipientOf(row.chat) } : { from: senderOf(row) }),
    type: row.type,
    ...(text !== undefined && { text }),
    status: row.status,
    createdAt: row.created_at.toISOString(),
    ...(row.sent_at && { sentAt: row.sent_at.toISOString() }),
    statusAt: row.status_at.toISOString(),
    ...(row.status === 'failed' && { error: errorOf(row) }),
  }
}

const senderOf = (row: MessageRow) => ({
  ...(row.sender_phone && { phoneNumber: row.sender_phone }),
  ...(row.sender_lid && { lid: row.sender_lid }),
  ...(row.sender_name && { name: row.sender_name }),
})

const errorOf = (row: MessageRow) => ({
  code: row.error_code ?? 'unknown',
  ...(row.error_message && { message: row.error_message }),
})

export function commandView(row: CommandRow, session: string): Command {
  return {
    id: row.id,
    session,
    kind: row.kind,
    status: row.status,
    ...(row.error_message && { error: row.error_message }),
    createdAt: row.created_at.toISOString(),
    ...(row.finished_at && { finishedAt: row.finished_at.toISOString() }),
  }
}
