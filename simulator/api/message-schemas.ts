// Requests and answers about messages and chats. Times are Unix milliseconds.
import { z } from 'zod'
import { MEDIA_KINDS } from '../whatsapp/content/media-fields.ts'
import { groupId, number, page, time } from './schemas.ts'

const id = z.string().min(1).max(128)
const text = z.string().min(1).max(65_536)
/** The message that it answers. */
const replyTo = id.optional()
const place = {
  to: z.union([number, groupId]),
  /** Whether the other side's devices see the writer under the number, as usual, or under the LID. */
  addressing: z.enum(['number', 'lid']).default('number'),
}

const drafts = [
  z.strictObject({ ...place, kind: z.literal('text'), text, replyTo, mentions: z.array(number).max(1024).optional() }),
  z.strictObject({
    ...place,
    kind: z.enum(MEDIA_KINDS),
    /** The file, of any content, in base64. */
    data: z.base64().transform((text) => Buffer.from(text, 'base64')),
    mimetype: z.string().min(1).max(200).optional(),
    caption: text.optional(),
    fileName: z.string().min(1).max(255).optional(),
    seconds: z.number().int().min(0).optional(),
    replyTo,
  }),
  z.strictObject({
    ...place,
    kind: z.literal('location'),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    name: z.string().min(1).max(1000).optional(),
    replyTo,
  }),
  z.strictObject({ ...place, kind: z.literal('contact'), name: z.string().min(1).max(100), number, replyTo }),
  z.strictObject({
    ...place,
    kind: z.literal('poll'),
    question: z.string().min(1).max(255),
    options: z.array(z.string().min(1).max(100)).min(2).max(12),
    /** 0, the default: as many as one likes. */
    choices: z.number().int().min(0).max(12).default(0),
    replyTo,
  }),
  z.strictObject({ ...place, kind: z.literal('edit'), target: id, text }),
  z.strictObject({ ...place, kind: z.literal('delete'), target: id }),
  z.strictObject({
    ...place,
    kind: z.literal('reaction'),
    target: id,
    /** Empty takes the reaction back. */
    emoji: z.string().max(32),
  }),
  z.strictObject({
    ...place,
    kind: z.literal('vote'),
    target: id,
    /** None takes the vote back. */
    options: z.array(z.string()).max(12),
  }),
  z.strictObject({
    ...place,
    kind: z.literal('raw'),
    /** The fields of a proto.Message, bytes in base64: kinds that the page does not write, or that nobody knows. */
    message: z.record(z.string(), z.unknown()),
  }),
] as const

/** A message is a text unless it says otherwise. */
const withKind = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && !('kind' in body) ? { kind: 'text', ...body } : body
const AnyDraft = z.discriminatedUnion('kind', drafts)
export const NewMessage = z.preprocess(withKind, AnyDraft)
export const MessageId = z.object({ id: z.string() })

export const Chat = z.object({
  chat: z.string(),
  name: z.string().nullable(),
  lastText: z.string(),
  lastDirection: z.enum(['in', 'out']),
  lastAt: time,
  unread: z.number().int(),
})
export const Message = z.object({
  seq: z.number().int(),
  id: z.string(),
  chat: z.string(),
  direction: z.enum(['in', 'out']),
  /** In a group, the number of who wrote it; null elsewhere, where it is clear. */
  sender: z.string().nullable(),
  kind: z.string(),
  /** The text, caption, name or question; the kind in brackets where there are no words. */
  text: z.string(),
  at: time,
  status: z.enum(['sent', 'delivered', 'received', 'read']),
  replyTo: z.string().optional(),
  /** Numbers. */
  mentions: z.array(z.string()).optional(),
  media: z
    .object({
      mimetype: z.string(),
      bytes: z.number().int(),
      fileName: z.string().optional(),
      seconds: z.number().optional(),
    })
    .optional(),
  location: z
    .object({
      latitude: z.number(),
      longitude: z.number(),
      name: z.string().optional(),
      address: z.string().optional(),
    })
    .optional(),
  contact: z.object({ name: z.string(), vcard: z.string() }).optional(),
  poll: z
    .object({
      choices: z.number().int(),
      /** Who chose it, by number. */
      options: z.array(z.object({ name: z.string(), voters: z.array(z.string()) })),
    })
    .optional(),
  reactions: z.array(z.object({ number: z.string(), emoji: z.string() })).optional(),
  edited: z.literal(true).optional(),
  deleted: z.literal(true).optional(),
})
export const MessagesQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  before: page.optional(),
})
export const ReadResult = z.object({ read: z.number().int() })

type Optional<Type, Field extends keyof Type> = Omit<Type, Field> & Partial<Pick<Type, Field>>
type TextDraft = z.input<(typeof drafts)[0]>
export type NewMessage = z.input<typeof AnyDraft> | Optional<TextDraft, 'kind'>
export type Chat = z.infer<typeof Chat>
export type Message = z.infer<typeof Message>
