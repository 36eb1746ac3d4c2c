// What a message says: what a phone shows of it, or what it changes about an earlier one.
import { normalizeMessageContent, proto } from '@whiskeysockets/baileys'
import type { Message } from '../../state/messages.ts'
import { fileOf, type MediaKind } from './media-fields.ts'

/** What a phone shows of a message that stands for itself. */
export interface Content {
  kind: 'text' | MediaKind | 'location' | 'contact' | 'poll' | 'other'
  /** The text, caption, name or question; the kind in brackets where there are no words. */
  text: string
  /** Id of the message that it answers. */
  replyTo?: string
  /** Addresses of the people that it mentions. */
  mentions?: string[]
  media?: { mimetype: string; bytes: number; fileName?: string; seconds?: number }
  location?: { latitude: number; longitude: number; name?: string; address?: string }
  contact?: { name: string; vcard: string }
  /** `choices` 0: as many as one likes. */
  poll?: { options: string[]; choices: number }
}

/** What a message does to an earlier one. */
export type Change = { target: proto.IMessageKey } & (
  | { kind: 'edit'; message: proto.IMessage }
  | { kind: 'delete' }
  /** An empty emoji takes the reaction back. */
  | { kind: 'reaction'; emoji: string }
  | { kind: 'vote'; vote: proto.Message.IPollEncValue }
)

/** Fields that carry keys or commands between devices, or change other messages. */
const HIDDEN = new Set([
  'senderKeyDistributionMessage',
  'messageContextInfo',
  'protocolMessage',
  'reactionMessage',
  'pollUpdateMessage',
])
const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type

/** Undefined when there's nothing to show in a chat. */
export function contentOf(message: proto.IMessage): Content | undefined {
  const inner = normalizeMessageContent(message) ?? {}
  const shown = shownOf(inner)
  const { stanzaId, mentionedJid } = contextOf(inner)
  return (
    shown && {
      ...shown,
      ...(stanzaId && { replyTo: stanzaId }),
      ...(mentionedJid?.length && { mentions: mentionedJid }),
    }
  )
}

/** Undefined when the message stands for itself, or doesn't say which one it changes. */
export function changeOf(message: proto.IMessage): Change | undefined {
  const { protocolMessage, reactionMessage, pollUpdateMessage } = normalizeMessageContent(message) ?? {}
  const target = protocolMessage?.key ?? reactionMessage?.key ?? pollUpdateMessage?.pollCreationMessageKey
  if (!target?.id) return undefined
  if (reactionMessage) return { target, kind: 'reaction', emoji: reactionMessage.text ?? '' }
  if (pollUpdateMessage?.vote) return { target, kind: 'vote', vote: pollUpdateMessage.vote }
  if (protocolMessage?.type === REVOKE) return { target, kind: 'delete' }
  if (protocolMessage?.type === MESSAGE_EDIT && protocolMessage.editedMessage) {
    return { target, kind: 'edit', message: protocolMessage.editedMessage }
  }
  return undefined
}

/** What a phone keeps of a message; undefined when no person would see anything of it. */
export function keptOf(message: proto.IMessage): Pick<Message, 'text' | 'content' | 'target'> | undefined {
  const target = changeOf(message)?.target.id ?? null
  const text = target === null ? contentOf(message)?.text : ''
  if (text === undefined) return undefined
  return { text, content: Buffer.from(proto.Message.encode(message).finish()), target }
}

/** What a message's stanza says of it, unencrypted. */
export function stanzaAttributes(message: proto.IMessage): Record<string, string> {
  const change = changeOf(message)
  if (change?.kind === 'edit') return { type: 'text', edit: '1' }
  // Another code for what somebody else wrote.
  if (change?.kind === 'delete') return { type: 'text', edit: change.target.fromMe ? '7' : '8' }
  if (change) return { type: change.kind === 'vote' ? 'poll' : change.kind }
  const kind = contentOf(message)?.kind ?? 'text'
  if (kind === 'text' || kind === 'poll') return { type: kind }
  return { type: kind === 'other' ? 'text' : 'media' }
}

function shownOf(message: proto.IMessage): Content | undefined {
  const { locationMessage: location, contactMessage: contact } = message
  const text = message.conversation || message.extendedTextMessage?.text
  if (text) return { kind: 'text', text }
  const file = fileOf(message)
  if (file) {
    const { kind, mimetype, bytes, caption, fileName, seconds } = file
    const media = { mimetype, bytes, ...(fileName && { fileName }), ...(seconds && { seconds }) }
    return { kind, text: caption || fileName || `[${kind}]`, media }
  }
  if (location) {
    const { degreesLatitude: latitude, degreesLongitude: longitude, name, address } = location
    const place = { ...(name && { name }), ...(address && { address }) }
    const shown = { latitude: latitude ?? 0, longitude: longitude ?? 0, ...place }
    return { kind: 'location', text: name || '[location]', location: shown }
  }
  if (contact) {
    const { displayName, vcard } = contact
    const name = displayName || '[contact]'
    return { kind: 'contact', text: name, contact: { name, vcard: vcard ?? '' } }
  }
  const poll = pollOf(message)
  if (poll) {
    const options = (poll.options ?? []).map(({ optionName }) => optionName ?? '')
    return { kind: 'poll', text: poll.name || '[poll]', poll: { options, choices: poll.selectableOptionsCount ?? 0 } }
  }
  const field = Object.entries(message).find(([name, value]) => value && !HIDDEN.has(name))?.[0]
  return field ? { kind: 'other', text: `[${field.replace(/Message.*$/, '')}]` } : undefined
}

const pollOf = (message: proto.IMessage): proto.Message.IPollCreationMessage | null | undefined =>
  message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3

function contextOf(message: proto.IMessage): proto.IContextInfo {
  for (const field of Object.values(message)) {
    if (field && typeof field === 'object' && 'contextInfo' in field && field.contextInfo) return field.contextInfo
  }
  return {}
}
