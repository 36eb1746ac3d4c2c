/**
 * What a message says, whatever provider brought it: one shape for each kind, told apart by `type`. A row of the table
 * message has the type in a column of its own, and the rest as its content.
 */
import { z } from 'zod'
import { Change } from './message-change.ts'
import { ButtonsMessage, ListMessage, TemplateMessage } from './message-interactive.ts'
import { MediaMessage } from './message-media.ts'
import { Bytes, standing, Words } from './message-parts.ts'

/** What is shown of a page that the text links to. Nobody fetches it: who sends it says what it is. */
export const Preview = z.object({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .describe('Of the page, as it stands in the text'),
  title: Words.max(300).describe('What the page is called'),
  description: Words.max(1000).optional().describe('What it is about'),
})

export const TextMessage = z.object({
  type: z.literal('text'),
  text: Words,
  preview: Preview.optional(),
  ...standing,
})

export const Location = z.object({
  latitude: z.number().min(-90).max(90).describe('Degrees; north is positive'),
  longitude: z.number().min(-180).max(180).describe('Degrees; east is positive'),
  name: Words.max(1000).optional().describe('What the place is called'),
  address: Words.max(1000).optional().describe('Its address, in words'),
  live: z.literal(true).optional().describe('Where somebody is at the moment; later positions are not told'),
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
  question: Words.max(255).describe('What is asked'),
  options: z.array(Words.max(100)).min(1).max(12).describe('What can be chosen'),
  choices: z.int().min(0).max(12).describe('How many options a person may choose; 0: as many as they like'),
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
  id: z.string().describe('Of the button or row, as who offered it called it'),
  text: z.string().describe('What the button or row says'),
  description: z.string().optional().describe('What stands below it'),
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
  TemplateMessage,
  ButtonsMessage,
  ListMessage,
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
