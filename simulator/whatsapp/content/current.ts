// A message as it is now: what it said at first, and what was done to it since.
import type { proto } from '@whiskeysockets/baileys'
import { lidJid, numberJid, parseJid } from '../jid.ts'
import { type Change, type Content, changeOf, contentOf } from './content.ts'
import { openVote } from './poll-votes.ts'

/** An account's two identities. */
export interface Person {
  number: string
  lid: string
}

export interface Authored {
  id: string
  author: Person
  message: proto.IMessage
}

export interface CurrentMessage extends Content {
  edited?: true
  /** Nothing of it is left but that it was. */
  deleted?: true
  /** One for each person, by their number. */
  reactions?: { number: string; emoji: string }[]
  /** Who chose which option, by their number. */
  votes?: { number: string; options: string[] }[]
}

/**
 * @param changes in the order of their coming; those that are about other messages, or not their author's to make, are left out
 * @param admin the number of who may delete what others wrote
 */
export function currentOf(original: Authored, changes: Authored[], admin?: string): CurrentMessage {
  const first = contentOf(original.message) ?? { kind: 'other', text: '' }
  let content: Content = first
  let isEdited = false
  const reactions = new Map<string, string>()
  const votes = new Map<string, string[]>()
  for (const { author, message } of changes) {
    const change = changeOf(message)
    if (!change || !isAbout(change, author, original)) continue
    const isOwn = author.number === original.author.number
    if (change.kind === 'delete' && (isOwn || author.number === admin)) {
      return { kind: first.kind, text: '[deleted]', deleted: true }
    }
    if (change.kind === 'edit' && isOwn) {
      content = { ...content, ...contentOf(change.message) }
      isEdited = true
    }
    if (change.kind === 'reaction') reactions.set(author.number, change.emoji)
    if (change.kind === 'vote') votes.set(author.number, chosen(change.vote, author, original))
  }
  const given = [...reactions].filter(([, emoji]) => emoji).map(([number, emoji]) => ({ number, emoji }))
  const cast = [...votes].filter(([, options]) => options.length).map(([number, options]) => ({ number, options }))
  return {
    ...content,
    ...(isEdited && { edited: true }),
    ...(given.length && { reactions: given }),
    ...(cast.length && { votes: cast }),
  }
}

/** True when the change names this message, as its author must name it. */
function isAbout({ target }: Change, author: Person, original: Authored): boolean {
  if (target.id !== original.id) return false
  const isOwn = author.number === original.author.number
  if (target.fromMe) return isOwn
  const participant = parseJid(target.participant ?? undefined)
  if (!participant) return !isOwn
  return participant.user === original.author[participant.server === 'lid' ? 'lid' : 'number']
}

/** What a vote is for; nothing when the poll's secret doesn't open it. */
function chosen(vote: proto.Message.IPollEncValue, voter: Person, poll: Authored): string[] {
  const options = contentOf(poll.message)?.poll?.options ?? []
  const secret = poll.message.messageContextInfo?.messageSecret
  if (!secret) return []
  // As the chat is addressed, which the poll doesn't say.
  for (const jid of [({ number }: Person) => numberJid(number), ({ lid }: Person) => lidJid(lid)]) {
    const ballot = { poll: poll.id, secret, creator: jid(poll.author), voter: jid(voter) }
    const names = openVote(vote, ballot, options)
    if (names) return names
  }
  return []
}
