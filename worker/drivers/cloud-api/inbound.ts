/** What Meta tells of a contact's message, and what becomes of ours. Pure. */
import { verdictOf } from '@berth/core/cloud-api/errors.ts'
import { isObject, objectsOf } from '@berth/core/cloud-api/json.ts'
import { contentOf, type UnifiedMessage, unifiedFrom } from '@berth/core/model/message.ts'
import type { MediaType } from '@berth/core/model/message-media.ts'
import { vcardOf } from '@berth/core/model/vcard.ts'
import type { ReceivedMessage, StatusChange } from '@berth/core/postgres/commit.ts'
import { z } from 'zod'
import { uuidV7 } from '../../uuid.ts'

const MAX_NAME = 255
const RAW_BYTES = 16_384

const Context = z.looseObject({
  id: z.string().optional(),
  from: z.string().optional(),
  forwarded: z.boolean().optional(),
  frequently_forwarded: z.boolean().optional(),
})
const Message = z.looseObject({
  from: z.string().regex(/^\d{5,20}$/),
  id: z.string().min(1).max(512),
  timestamp: z.coerce.number().int().positive().max(253_402_300_799).optional(),
  type: z.string(),
  context: Context.optional(),
})
type Message = z.infer<typeof Message>

const Item = z.object({
  message: z.looseObject({}).optional(),
  contact: z.looseObject({ profile: z.looseObject({ name: z.string() }).optional() }).optional(),
  status: z.looseObject({}).optional(),
})

const Status = z.looseObject({
  id: z.string(),
  status: z.enum(['sent', 'delivered', 'read', 'played', 'failed']),
  timestamp: z.coerce.number().int().positive().max(253_402_300_799).optional(),
  biz_opaque_callback_data: z.string().optional(),
  errors: z
    .array(
      z.looseObject({
        code: z.number(),
        title: z.string().optional(),
        error_data: z.looseObject({ details: z.string().optional() }).optional(),
      }),
    )
    .optional(),
})

/** What an item of the inbox says. */
export interface ToldStatus {
  /** Meta's id of the message, and ours where Meta carries it back. */
  metaId: string
  whatsappId: string | undefined
  change: Omit<StatusChange, 'whatsappId'>
}
export type Told = { message: Message; name: string | undefined } | { status: ToldStatus } | undefined

/** undefined: nothing that we can read. */
export function toldIn(body: string): Told {
  const { data: item } = Item.safeParse(JSON.parse(body))
  const { data: message } = Message.safeParse(item?.message)
  if (message) return { message, name: item?.contact?.profile?.name }
  const { data: status } = Status.safeParse(item?.status)
  return status && { status: statusOf(status) }
}

function statusOf({ id, status, timestamp, biz_opaque_callback_data, errors }: z.infer<typeof Status>): ToldStatus {
  const [error] = errors ?? []
  const verdict =
    status === 'failed' ? verdictOf(error?.code ?? -1, error?.error_data?.details ?? error?.title) : undefined
  return {
    metaId: storable(id),
    whatsappId: biz_opaque_callback_data && storable(biz_opaque_callback_data),
    change: {
      status,
      ...(verdict && { errorCode: verdict.code, errorMessage: storable(verdict.message) }),
      ...(status === 'sent' && timestamp !== undefined && { sentAt: new Date(timestamp * 1000) }),
    },
  }
}

/** Messages that this one is about, by Meta's ids. */
export const mentionedIn = (message: Message): string[] => {
  const { reaction } = message
  const target = isObject(reaction) ? reaction.message_id : undefined
  return [message.context?.id, target].filter((id) => typeof id === 'string')
}

/** @param ourIdOf our own id of a message of ours, by Meta's; undefined: a contact wrote it */
export function receivedFrom(
  message: Message,
  name: string | undefined,
  ourIdOf: (metaId: string) => string | undefined,
  now: Date,
): ReceivedMessage {
  const reference = (id: string) => {
    const ours = ourIdOf(id)
    if (ours !== undefined) return { whatsappId: ours, fromMe: true }
    return { whatsappId: id, fromMe: false, author: { phoneNumber: `+${message.from}` } }
  }
  const said = readable(message, reference) ?? unsupported(message)
  return {
    id: uuidV7(now),
    chat: `${message.from}@s.whatsapp.net`,
    whatsappId: storable(message.id),
    fromMe: false,
    senderPhone: `+${message.from}`,
    ...(name && { senderName: storable(name).slice(0, MAX_NAME) }),
    type: said.type,
    content: contentOf(said),
    status: 'received',
    sentAt: message.timestamp === undefined ? now : new Date(message.timestamp * 1000),
  }
}

type Reference = (id: string) => { whatsappId: string; fromMe: boolean; author?: { phoneNumber: string } }

/** undefined: of a kind that we don't have, or not as it should be. */
function readable(message: Message, reference: Reference): UnifiedMessage | undefined {
  const { context, type } = message
  const found = contentIn(message, reference)
  if (!found) return undefined
  const isForwarded = context?.forwarded || context?.frequently_forwarded
  const standing = {
    ...(context?.id && !('target' in found) && { quote: reference(storable(context.id)) }),
    ...(isForwarded && { forwarded: true }),
  }
  const content = clean({ ...standing, ...found }) as Record<string, unknown>
  return unifiedFrom({ type: String(content.type ?? type), content })
}

function contentIn(message: Message, reference: Reference): Record<string, unknown> | undefined {
  const { type } = message
  const body = message[type]
  if (type === 'contacts') return { type, contacts: objectsOf(body).map(cardOf) }
  if (!isObject(body)) return undefined
  switch (type) {
    case 'text':
      return { type, text: body.body }
    case 'location': {
      const { latitude, longitude, name, address } = body
      return { type, location: { latitude, longitude, ...(name ? { name } : {}), ...(address ? { address } : {}) } }
    }
    case 'reaction':
      return { type, target: reference(storable(String(body.message_id ?? ''))), emoji: body.emoji ?? '' }
    case 'button':
      return { type: 'button_answer', answer: { id: body.payload ?? '', text: body.text ?? '' } }
    case 'interactive':
      return answerIn(body)
    case 'image':
    case 'video':
    case 'document':
    case 'sticker':
      return fileOf(type, body)
    case 'audio':
      return fileOf(body.voice === true ? 'voice' : 'audio', body)
    default:
      return undefined
  }
}

function answerIn(body: Record<string, unknown>): Record<string, unknown> | undefined {
  const isList = body.type === 'list_reply'
  const reply = isList ? body.list_reply : body.button_reply
  if (!isObject(reply)) return undefined
  const { id, title, description } = reply
  const answer = { id: id ?? '', text: title ?? '', ...(description ? { description } : {}) }
  return { type: isList ? 'list_answer' : 'button_answer', answer }
}

function fileOf(type: MediaType, body: Record<string, unknown>): Record<string, unknown> | undefined {
  const { id, mime_type, sha256, caption, filename } = body
  if (typeof id !== 'string') return undefined
  const hash = typeof sha256 === 'string' ? hashFrom(sha256) : undefined
  return {
    type,
    media: {
      id: uuidV7(new Date()),
      status: 'pending',
      mimeType: typeof mime_type === 'string' && mime_type ? mime_type.slice(0, MAX_NAME) : 'application/octet-stream',
      ...(hash && { sha256: hash.toString('hex') }),
      ...(caption ? { caption } : {}),
      ...(typeof filename === 'string' && filename ? { fileName: filename.slice(0, MAX_NAME) } : {}),
    },
    source: { metaId: id, ...(hash && { sha256: hash.toString('hex') }) },
  }
}

/** Meta writes it in either way. */
function hashFrom(text: string): Buffer | undefined {
  const hash = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? 'hex' : 'base64')
  return hash.length === 32 ? hash : undefined
}

function cardOf({ name, phones }: Record<string, unknown>): Record<string, unknown> {
  const named = isObject(name) ? name.formatted_name : undefined
  const [first] = objectsOf(phones)
  const digits = String(first?.wa_id ?? first?.phone ?? '').replace(/\D/g, '')
  const phoneNumber = /^[1-9]\d{4,19}$/.test(digits) ? `+${digits}` : undefined
  const shown = storable(typeof named === 'string' && named ? named : (phoneNumber ?? 'Contact')).slice(0, MAX_NAME)
  return { name: shown, ...(phoneNumber && { phoneNumber }), vcard: vcardOf(shown, phoneNumber) }
}

function unsupported({ from: _, id: _id, timestamp: _time, ...rest }: Message): UnifiedMessage {
  const raw = clean(rest) as Record<string, unknown>
  const kind = storable(rest.type).slice(0, MAX_NAME)
  return { type: 'unsupported', kind, ...(JSON.stringify(raw).length <= RAW_BYTES && { raw }) }
}

/** Text that Postgres can store. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '')

/** The same with all texts storable, keys included. */
function clean(value: unknown): unknown {
  if (typeof value === 'string') return storable(value)
  if (Array.isArray(value)) return value.map(clean)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), clean(inner)]))
}
