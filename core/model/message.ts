/**
 * What a message says, whatever provider brought it: one shape for each kind, told apart by `type`. A row of the table
 * message has the type in a column of its own, and the rest as its content.
 */
import { z } from 'zod'
import { Change } from './message-change.ts'
import { MediaMessage } from './message-media.ts'
import { Bytes, standing, Words } from './message-parts.ts'

/** What is shown of a page that the text links to. Nobody fetches it: who sends it says what it is. */
export const Preview = z.object({
  url: z.url({ protocol: /^https?$/ }).max(2048),
  title: Words.max(300),
  description: Words.max(1000).optional(),
})

export const TextMessage = z.object({
  type: z.literal('text'),
  text: Words,
  preview: Preview.optional(),
  ...standing,
})

export const Location = z.object({
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  name: Words.max(1000).optional(),
  address: Words.max(1000).optional(),
  /** Where somebody is at the moment; later positions are not told. */
  live: z.literal(true).optional(),
})

export const LocationMessage = z.object({ type: z.literal('location'), location: Location, ...standing })

/** Somebody's card. */
export const Contact = z.object({
  name: Words.max(300),
  /** The first one of the card, as E.164. */
  phoneNumber: z.string().optional(),
  /** Everything that the card says (vCard 3.0). */
  vcard: Words.max(65_536),
})
export type Contact = z.infer<typeof Contact>

export const ContactsMessage = z.object({
  type: z.literal('contacts'),
  contacts: z.array(Contact).min(1).max(100),
  ...standing,
})

export const Poll = z.object({
  question: Words.max(255),
  options: z.array(Words.max(100)).min(1).max(12),
  /** How many options a person may choose; 0: as many as they like. */
  choices: z.int().min(0).max(12),
})

export const PollMessage = z.object({
  type: z.literal('poll'),
  poll: Poll,
  /** Opens the votes. Never shown. */
  secret: Bytes.optional(),
  ...standing,
})

/** What somebody chose of what they were offered. */
export const Answer = z.object({
  /** Of the button or row, as who offered it called it. */
  id: z.string(),
  text: z.string(),
  description: z.string().optional(),
})

export const ButtonAnswerMessage = z.object({ type: z.literal('button_answer'), answer: Answer, ...standing })
export const ListAnswerMessage = z.object({ type: z.literal('list_answer'), answer: Answer, ...standing })

/** A kind that Berth does not know: as it came. */
export const UnsupportedMessage = z.object({
  type: z.literal('unsupported'),
  /** What the provider calls it. */
  kind: z.string(),
  /** What the provider sent, bytes in base64. */
  raw: z.record(z.string(), z.unknown()).optional(),
})

export const UnifiedMessage = z.discriminatedUnion('type', [
  TextMessage,
  LocationMessage,
  ContactsMessage,
  PollMessage,
  ButtonAnswerMessage,
  ListAnswerMessage,
  MediaMessage,
  Change,
  UnsupportedMessage,
])
export type UnifiedMessage = z.infer<typeof UnifiedMessage>
export type MessageType = UnifiedMessage['type']

/** One kind of it. */
export type MessageOf<Type extends MessageType> = Extract<UnifiedMessage, { type: Type }>

/** What a row says; undefined: it is of another release, or not as it should be. */
export const unifiedFrom = ({ type, content }: { type: string; content: unknown }): UnifiedMessage | undefined =>
  UnifiedMessage.safeParse({ ...(content as object), type }).data

/** A row's content: everything but the type. */
export function contentOf({ type: _, ...content }: UnifiedMessage): Record<string, unknown> {
  return content
}
