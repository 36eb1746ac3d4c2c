/** WhatsApp's messages and ours: each kind by its family, and what all of them can have besides. Pure. */
import { UnifiedMessage } from '@berth/core/model/message.ts'
import type { Quote } from '@berth/core/model/message-parts.ts'
import { normalizeMessageContent, proto } from '@whiskeysockets/baileys'
import { authorOf, isSame, jidOf, personFrom, personOf } from '../person.ts'
import { answers } from './answers.ts'
import { changes } from './changes.ts'
import { contacts } from './contacts.ts'
import type { Family, Origin, Place } from './family.ts'
import { location } from './location.ts'
import { media } from './media.ts'
import { jidIn, mentionsFrom } from './place.ts'
import { poll } from './poll.ts'
import { text } from './text.ts'

const FAMILIES = [changes, text, media, location, contacts, poll, answers] as unknown as Family[]

/** Fields that carry keys or settings, and nothing for people. */
const SILENT = new Set(['protocolMessage', 'senderKeyDistributionMessage', 'messageContextInfo'])
/** Without a word in them they say nothing. */
const TEXTS = new Set(['conversation', 'extendedTextMessage'])

type Standing = Partial<Record<'mentions', string[]> & { quote: Quote; forwarded: true }>

/** Undefined: such messages can't be sent. */
export function toProto(message: UnifiedMessage, place: Place): proto.IMessage | undefined {
  const family = FAMILIES.find(({ types }) => types.includes(message.type))
  const made = family?.toProto?.(message, place)
  return made && withContext(made, contextOf(message as Standing, place))
}

/** @param outer as it was decrypted. Undefined: there is nothing in it for people. */
export function fromProto(outer: proto.IMessage, origin: Origin): UnifiedMessage | undefined {
  const message = normalizeMessageContent(outer)
  const kind = Object.entries(message ?? {}).find(([name, value]) => value != null && !SILENT.has(name))?.[0]
  const known = message && UnifiedMessage.safeParse(cleaned(knownFrom(message, origin, outer)))
  if (known?.success) return known.data
  if (!message || !kind || TEXTS.has(kind)) return undefined
  return cleaned({ type: 'unsupported', kind, raw: proto.Message.fromObject(message).toJSON() })
}

function knownFrom(message: proto.IMessage, origin: Origin, outer: proto.IMessage): UnifiedMessage | undefined {
  for (const family of FAMILIES) {
    const found = family.fromProto(message, origin, outer)
    if (found) return { ...found, ...standingFrom(contextIn(message), origin) }
  }
  return undefined
}

function contextOf({ mentions, quote, forwarded }: Standing, place: Place): proto.IContextInfo | undefined {
  if (!mentions && !quote && !forwarded) return undefined
  return {
    ...(mentions && { mentionedJid: mentions.map(jidOf) }),
    ...(quote && quoting(quote, place)),
    ...(forwarded && { isForwarded: true, forwardingScore: 1 }),
  }
}

function quoting({ whatsappId, fromMe, author, message }: Quote, place: Place): proto.IContextInfo {
  const participant = jidIn(place.chat, fromMe ? place.me : personFrom(author ?? {}))
  const quotedMessage = message && toProto(message as UnifiedMessage, place)
  return { stanzaId: whatsappId, ...(participant && { participant }), ...(quotedMessage && { quotedMessage }) }
}

function standingFrom(context: proto.IContextInfo, origin: Origin): Standing {
  const { isForwarded } = context
  const quote = quoteFrom(context, origin)
  const mentions = mentionsFrom(context)
  return {
    ...(mentions.length > 0 && { mentions }),
    ...(quote && { quote }),
    ...(isForwarded && { forwarded: true }),
  }
}

function quoteFrom({ stanzaId, participant, quotedMessage }: proto.IContextInfo, origin: Origin): Quote | undefined {
  if (!stanzaId) return undefined
  const author = personOf(participant)
  const fromMe = isSame(author, origin.me)
  const inner = quotedMessage && normalizeMessageContent(quotedMessage)
  // Only what is answered, not what that answered in its turn.
  const message = inner && fromProto(withContext(inner, undefined), { ...origin, sender: author, fromMe })
  return {
    whatsappId: stanzaId,
    fromMe,
    ...(fromMe ? {} : { author: authorOf(author) }),
    ...(message && { message }),
  }
}

/** What stands around the one part that says something. */
const contextIn = (message: proto.IMessage): proto.IContextInfo => {
  for (const field of Object.values(message)) {
    if (field && typeof field === 'object' && 'contextInfo' in field && field.contextInfo) return field.contextInfo
  }
  return {}
}

/** The same with another context around it. */
function withContext(message: proto.IMessage, contextInfo: proto.IContextInfo | undefined): proto.IMessage {
  const isPart = (name: string, value: unknown) => name.includes('Message') && !SILENT.has(name) && isObject(value)
  const entries = Object.entries(message).map(([name, value]) => {
    if (!isPart(name, value)) return [name, value]
    const { contextInfo: _, ...rest } = value
    return [name, contextInfo ? { ...rest, contextInfo } : rest]
  })
  return Object.fromEntries(entries)
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Text that Postgres can store, wherever it stands. */
function cleaned<Value>(value: Value): Value {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\u0000', '') as Value
  if (Array.isArray(value)) return value.map(cleaned) as Value
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, cleaned(part)])) as Value
}
