/** What changes an earlier message: reactions, edits, deletions for everyone, votes. */
import { sealVote } from '@berth/core/crypto/poll-votes.ts'
import type { Change } from '@berth/core/model/message-change.ts'
import type { Reference } from '@berth/core/model/message-parts.ts'
import { isJidGroup, proto } from '@whiskeysockets/baileys'
import { authorOf, isSame, jidOf, type Person, personFrom, personOf } from '../person.ts'
import type { Family, Origin, Place } from './family.ts'
import { jidIn, mentionsFrom } from './place.ts'

const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type

export const changes: Family<Change> = {
  types: ['reaction', 'edit', 'delete', 'vote'],
  toProto(change, place) {
    const key = keyOf(change.target, place)
    switch (change.type) {
      case 'reaction':
        return { reactionMessage: { key, text: change.emoji, ...timed('senderTimestampMs', change) } }
      case 'edit': {
        const mentionedJid = change.mentions?.map(jidOf)
        const editedMessage = {
          extendedTextMessage: { text: change.text, ...(mentionedJid && { contextInfo: { mentionedJid } }) },
        }
        return { protocolMessage: { key, type: MESSAGE_EDIT, editedMessage, ...timed('timestampMs', change) } }
      }
      case 'delete':
        return { protocolMessage: { key, type: REVOKE } }
      case 'vote': {
        const vote = ballotOf(change, place)
        return { pollUpdateMessage: { pollCreationMessageKey: key, vote, ...timed('senderTimestampMs', change) } }
      }
    }
  },
  fromProto({ reactionMessage, protocolMessage, pollUpdateMessage }, origin) {
    const key = reactionMessage?.key ?? protocolMessage?.key ?? pollUpdateMessage?.pollCreationMessageKey
    const target = key && targetOf(key, origin)
    if (!target) return undefined
    if (reactionMessage) {
      const emoji = reactionMessage.text ?? ''
      return { type: 'reaction', target, emoji, ...at(reactionMessage.senderTimestampMs) }
    }
    if (pollUpdateMessage?.vote) {
      const sealed = sealedFrom(pollUpdateMessage.vote, target, origin)
      return { type: 'vote', target, sealed, ...at(pollUpdateMessage.senderTimestampMs) }
    }
    if (protocolMessage?.type === REVOKE) return { type: 'delete', target }
    const edited = protocolMessage?.type === MESSAGE_EDIT ? protocolMessage.editedMessage : undefined
    const { text, mentions = [] } = edited ? wordsIn(edited) : {}
    if (!text) return undefined
    return { type: 'edit', target, text, ...(mentions.length > 0 && { mentions }), ...at(protocolMessage?.timestampMs) }
  },
}

/** The number as the stanza says, besides: who changes what somebody else wrote must be an admin. */
export function editCode(change: Change): string | undefined {
  if (change.type === 'edit') return '1'
  if (change.type === 'delete') return change.target.fromMe ? '7' : '8'
  return undefined
}

/** A message as the one who names it sees it: in a group, who wrote it is said as well. */
function keyOf({ whatsappId, fromMe, author }: Reference, place: Place): proto.IMessageKey {
  const key = { remoteJid: place.chat, fromMe, id: whatsappId }
  if (!isJidGroup(place.chat)) return key
  const participant = jidIn(place.chat, fromMe ? place.me : personFrom(author ?? {}))
  return { ...key, ...(participant && { participant }) }
}

/** A key is written from the view of who sent it. */
function targetOf({ id, fromMe, participant }: proto.IMessageKey, origin: Origin): Reference | undefined {
  if (!id) return undefined
  const author = fromMe ? origin.sender : authorIn(participant, origin)
  if (isSame(author, origin.me)) return { whatsappId: id, fromMe: true }
  return { whatsappId: id, fromMe: false, author: authorOf(author) }
}

/** Not the sender's: of whom the key names, or of the other one of two. */
function authorIn(participant: string | null | undefined, { chat, fromMe, me }: Origin): Person {
  if (isJidGroup(chat)) return personOf(participant)
  return fromMe ? personOf(chat) : me
}

function ballotOf({ target, options, secret }: Extract<Change, { type: 'vote' }>, place: Place) {
  const creator = jidIn(place.chat, target.fromMe ? place.me : personFrom(target.author ?? {}))
  const voter = jidIn(place.chat, place.me)
  if (!options || !secret || !creator || !voter) throw new Error('a vote needs its options and the secret of its poll')
  const ballot = { poll: target.whatsappId, secret: Buffer.from(secret, 'base64'), creator, voter }
  const { payload: encPayload, nonce: encIv } = sealVote(options, ballot)
  return { encPayload, encIv }
}

function sealedFrom({ encPayload, encIv }: proto.Message.IPollEncValue, target: Reference, { me, sender }: Origin) {
  const creator = target.fromMe ? me : personFrom(target.author ?? {})
  const jids = ({ pn, lid }: Person) => [pn, lid].filter((jid) => jid !== undefined)
  return {
    payload: Buffer.from(encPayload ?? []).toString('base64'),
    nonce: Buffer.from(encIv ?? []).toString('base64'),
    voters: jids(sender),
    creators: jids(creator),
  }
}

/** The text of a text, or the caption of anything else. */
function wordsIn(message: proto.IMessage): { text?: string; mentions?: string[] } {
  if (message.conversation) return { text: message.conversation }
  for (const field of Object.values(message)) {
    if (!field || typeof field !== 'object') continue
    const text = 'text' in field ? field.text : 'caption' in field ? field.caption : undefined
    if (typeof text === 'string' && text) return { text, mentions: mentionsFrom(field.contextInfo ?? {}) }
  }
  return {}
}

const timed = (field: string, { at }: Change) => (at === undefined ? {} : { [field]: at })

/** Protobuf's 64 bits may come as an object. */
function at(milliseconds: unknown): { at?: number } {
  const number = Number(milliseconds ?? 0)
  return Number.isSafeInteger(number) && number > 0 ? { at: number } : {}
}
