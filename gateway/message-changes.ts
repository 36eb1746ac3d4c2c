/**
 * A message as it is now: what it said at first, and what was done to it since. Changes are rows of their own that name their
 * message, so it does not matter which came first, or how often. Pure.
 */
import { openVote } from '@berth/core/crypto/poll-votes.ts'
import { type MessageOf, type UnifiedMessage, unifiedFrom } from '@berth/core/model/message.ts'
import type { MessageRow } from './data/messages.ts'

/** What one person did, with the row that says so. */
interface Deed<Done> {
  done: Done
  row: MessageRow
  at: Date
}

export interface CurrentMessage {
  /** Undefined: of another release, or not as it should be. */
  message: UnifiedMessage | undefined
  editedAt?: Date
  deletedAt?: Date
  /** The last of each person, in the order of their coming. */
  reactions: Deed<string>[]
  votes: Deed<string[]>[]
}

type Change = MessageOf<'reaction' | 'edit' | 'delete' | 'vote'>

/** @param rows changes, of this message and maybe of others */
export function currentOf(original: MessageRow, rows: MessageRow[]): CurrentMessage {
  let message = unifiedFrom(original)
  const current: CurrentMessage = { message, reactions: [], votes: [] }
  for (const { row, change, at } of inOrder(original, rows)) {
    if (change.type === 'reaction') put(current.reactions, { done: change.emoji, row, at }, !change.emoji)
    else if (change.type === 'vote') {
      const options = optionsOf(change, message)
      if (options) put(current.votes, { done: options, row, at }, options.length === 0)
    } else if (change.type === 'edit' && isByAuthor(row, original)) {
      message = edited(message, change)
      current.editedAt = at
    } else if (change.type === 'delete' && mayDelete(row, original)) current.deletedAt ??= at
  }
  return { ...current, message }
}

/** What a vote is for; undefined: it can't be read without its poll. */
export function optionsOf(
  { options, sealed, target }: MessageOf<'vote'>,
  poll: UnifiedMessage | undefined,
): string[] | undefined {
  if (options) return options
  if (!sealed || poll?.type !== 'poll' || !poll.secret) return undefined
  const vote = { payload: Buffer.from(sealed.payload, 'base64'), nonce: Buffer.from(sealed.nonce, 'base64') }
  const secret = Buffer.from(poll.secret, 'base64')
  for (const creator of sealed.creators) {
    for (const voter of sealed.voters) {
      const found = openVote(vote, { poll: target.whatsappId, secret, creator, voter }, poll.poll.options)
      if (found) return found
    }
  }
  return undefined
}

/** Changes of this message that WhatsApp took, or brought, in the order in which they were made. */
function inOrder(original: MessageRow, rows: MessageRow[]): { row: MessageRow; change: Change; at: Date }[] {
  const about = rows.flatMap((row) => {
    const change = row.target === original.whatsapp_id && row.chat === original.chat ? unifiedFrom(row) : undefined
    if (!change || !('target' in change) || change.target.fromMe !== original.from_me || !isDone(row)) return []
    const at = change.at === undefined ? (row.sent_at ?? row.created_at) : new Date(change.at)
    return [{ row, change, at }]
  })
  return about.sort((a, b) => a.at.getTime() - b.at.getTime() || a.row.number - b.row.number)
}

const isDone = ({ status }: MessageRow): boolean => !['queued', 'sending', 'failed'].includes(status)

/** One person has one: the last. */
function put<Done>(deeds: Deed<Done>[], deed: Deed<Done>, isTakenBack: boolean): void {
  const before = deeds.findIndex(({ row }) => isByAuthor(row, deed.row))
  if (before >= 0) deeds.splice(before, 1)
  if (!isTakenBack) deeds.push(deed)
}

const isByAuthor = (a: MessageRow, b: MessageRow): boolean =>
  a.from_me
    ? b.from_me
    : !b.from_me &&
      ((a.sender_phone !== null && a.sender_phone === b.sender_phone) ||
        (a.sender_lid !== null && a.sender_lid === b.sender_lid))

/** In a group WhatsApp's server lets admins delete what others wrote, and nobody else. */
const mayDelete = (row: MessageRow, original: MessageRow): boolean =>
  isByAuthor(row, original) || original.chat.endsWith('@g.us')

function edited(
  message: UnifiedMessage | undefined,
  { text, mentions }: MessageOf<'edit'>,
): UnifiedMessage | undefined {
  if (message?.type === 'text') {
    const { mentions: _, ...rest } = message
    return { ...rest, text, ...(mentions && { mentions }) }
  }
  return message && 'media' in message ? { ...message, media: { ...message.media, caption: text } } : message
}
