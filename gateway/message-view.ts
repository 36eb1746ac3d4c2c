/** A message and a command as their tenant sees them. Pure. */
import type { ReadInput } from '@berth/core/model/command.ts'
import { type UnifiedMessage, unifiedFrom } from '@berth/core/model/message.ts'
import type { Author, Quote, Reference } from '@berth/core/model/message-parts.ts'
import { sendFailure } from '@berth/core/model/send-failures.ts'
import { shownStatus } from '@berth/core/model/shown-status.ts'
import { recipientOf } from './chat.ts'
import type { CommandRow } from './data/commands.ts'
import type { MessageRow } from './data/messages.ts'
import { currentOf, optionsOf } from './message-changes.ts'
import type { Message } from './message-schemas.ts'
import { type Command, MessageStatus } from './schemas.ts'

/** What a view needs beside the row: changes of it, and what it is about; maybe others', too. */
export interface Surroundings {
  changes: MessageRow[]
  references: MessageRow[]
}

const NOTHING: Surroundings = { changes: [], references: [] }

export function messageView(row: MessageRow, session: string, around = NOTHING): Message {
  const { message, reactions, votes, editedAt, deletedAt } = currentOf(row, around.changes)
  return {
    id: row.id,
    session,
    chat: row.chat,
    direction: row.from_me ? 'outgoing' : 'incoming',
    fromMe: row.from_me,
    ...(row.from_me ? { to: recipientOf(row.chat) } : { from: senderOf(row) }),
    type: row.type,
    ...(message && !deletedAt && saidBy(row, message, around)),
    ...(reactions.length > 0 && {
      reactions: reactions.map(({ done: emoji, ...deed }) => ({ emoji, ...doneBy(deed) })),
    }),
    ...(votes.length > 0 && { votes: votes.map(({ done: options, ...deed }) => ({ options, ...doneBy(deed) })) }),
    ...(editedAt && { editedAt: editedAt.toISOString() }),
    ...(deletedAt && { deletedAt: deletedAt.toISOString() }),
    status: shownStatus(row),
    createdAt: row.created_at.toISOString(),
    ...(row.sent_at && { sentAt: row.sent_at.toISOString() }),
    statusAt: row.status_at.toISOString(),
    ...(row.from_me && { timeline: timelineOf(row) }),
    ...(row.send_at && { sendAt: row.send_at.toISOString() }),
    ...(row.expires_at && { expiresAt: row.expires_at.toISOString() }),
    ...(row.status === 'failed' && { error: errorOf(row) }),
  }
}

/** What a message says, without what only WhatsApp needs. */
function saidBy(row: MessageRow, message: UnifiedMessage, around: Surroundings): Partial<Message> {
  if ('target' in message) {
    const target = referred(row, message.target, around)
    const reference = target && { message: target.id }
    if (message.type === 'reaction') return { ...reference, emoji: message.emoji }
    if (message.type === 'delete') return { ...reference }
    if (message.type === 'vote') {
      const options = optionsOf(message, target && unifiedFrom(target))
      return { ...reference, ...(options && { options }) }
    }
    const { text, mentions } = message
    return { ...reference, text, ...(mentions && { mentions }) }
  }
  const { type: _, ...content } = message
  if (message.type === 'unsupported' || !('quote' in content || 'secret' in content || 'source' in content))
    return content
  type Hidden = { quote?: Quote; secret?: unknown; source?: unknown }
  const { quote, secret: _secret, source: _source, ...shown } = content as typeof content & Hidden
  return { ...shown, ...(quote && { quote: quoteView(row, quote, around) }) }
}

function quoteView(row: MessageRow, quote: Quote, around: Surroundings): NonNullable<Message['quote']> {
  const id = referred(row, quote, around)?.id
  const { type, text } = (quote.message ?? {}) as { type?: string; text?: unknown }
  return {
    ...(id !== undefined && { id }),
    fromMe: quote.fromMe,
    ...(quote.author && { from: personView(quote.author) }),
    ...(type !== undefined && { type }),
    ...(typeof text === 'string' && { text }),
  }
}

const personView = ({ phoneNumber, lid }: Author): NonNullable<Message['from']> => ({
  ...(phoneNumber && { phoneNumber }),
  ...(lid && { lid }),
})

const referred = (row: MessageRow, { whatsappId, fromMe }: Reference, { references }: Surroundings) =>
  references.find((one) => one.chat === row.chat && one.whatsapp_id === whatsappId && one.from_me === fromMe)

const doneBy = ({ row, at }: { row: MessageRow; at: Date }) => ({
  fromMe: row.from_me,
  ...(!row.from_me && { from: senderOf(row) }),
  at: at.toISOString(),
})

const senderOf = (row: MessageRow) => ({
  ...(row.sender_phone && { phoneNumber: row.sender_phone }),
  ...(row.sender_lid && { lid: row.sender_lid }),
  ...(row.sender_name && { name: row.sender_name }),
})

function errorOf({ error_code, error_message }: MessageRow): NonNullable<Message['error']> {
  const code = error_code ?? 'unknown'
  const known = sendFailure(code)
  const message = error_message ?? known?.message
  return { code, ...(message && { message }), ...(known && { remedy: known.remedy }) }
}

/**
 * What was sent on the phone itself was never accepted here; of rows of the release before, only the last status is known.
 * The status that it has now is the last one: a message may fail after it was sent.
 */
function timelineOf(row: MessageRow): NonNullable<Message['timeline']> {
  const { status_times: times, status, sent_at, send_at, created_at, status_at } = row
  const reached = new Map<MessageStatus, Date>()
  for (const [one, at] of Object.entries(times)) reached.set(MessageStatus.parse(one), new Date(at))
  const wasAccepted = status === 'queued' || ACCEPTED.some((one) => reached.has(one))
  if (sent_at) reached.set('sent', sent_at)
  if (wasAccepted) reached.set(send_at ? 'scheduled' : 'queued', created_at)
  if (!reached.has(status) && shownStatus(row) !== 'scheduled') reached.set(status, status_at)
  return [...reached]
    .sort(([a], [b]) => Number(a === status) - Number(b === status) || ORDER.indexOf(a) - ORDER.indexOf(b))
    .map(([one, at]) => ({ status: one === status ? shownStatus(row) : one, at: at.toISOString() }))
}

const ORDER = MessageStatus.options

/** A message that was accepted here comes to one of these; one that the phone sent was sent from the beginning. */
const ACCEPTED = ['queued', 'sending', 'sent', 'failed'] as const

/** What the worker must know of messages that were read. */
export const readInputOf = (chat: string, rows: MessageRow[]): ReadInput => ({
  chat,
  messages: rows.map(({ whatsapp_id: whatsappId, sender_phone, sender_lid }) => ({
    whatsappId,
    author: { ...(sender_phone && { phoneNumber: sender_phone }), ...(sender_lid && { lid: sender_lid }) },
  })),
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
