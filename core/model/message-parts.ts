/** What messages of several kinds are made of. Shapes are the same in the database and in the API, unless it is said. */
import { z } from 'zod'

const isText = (text: string): boolean => text.isWellFormed() && !text.includes('\u0000')

/** What people write: valid Unicode without U+0000, which Postgres does not store. */
export const Words = z
  .string('Write a text')
  .min(1, 'Write at least one character')
  .refine(isText, 'Write valid Unicode without U+0000')

const PERSON_RULE = 'Write a phone number with country code, for example "+5511999990002", or the LID of a contact'

/** A person by phone number (E.164), or by LID where the number is not known. */
export const PersonAddress = z
  .string(PERSON_RULE)
  .regex(/^(\+[1-9]\d{4,19}|\d{1,20}@lid)$/, PERSON_RULE)
  .meta({ examples: ['+5511999990002'] })

/** Who wrote something: by phone number (E.164), LID, or both. */
export const Author = z.object({ phoneNumber: z.string().optional(), lid: z.string().optional() })
export type Author = z.infer<typeof Author>

/** Which message another one is about. Only in the database: the API has our own ids. */
export const Reference = z.object({
  /** WhatsApp's id of it. */
  whatsappId: z.string().min(1),
  /** Written by the linked account; then the author is left out. */
  fromMe: z.boolean(),
  author: Author.optional(),
})
export type Reference = z.infer<typeof Reference>

/** The message that is answered. Only in the database. */
export const Quote = Reference.extend({
  /** What it says, as far as the answer carries it: a UnifiedMessage. */
  message: z.looseObject({ type: z.string() }).optional(),
})
export type Quote = z.infer<typeof Quote>

/** What messages that stand for themselves have besides what they say. */
export const standing = {
  /** Whom the text names: it has @ and the number or LID there. */
  mentions: z.array(PersonAddress).max(1024).optional(),
  quote: Quote.optional(),
  forwarded: z.literal(true).optional(),
}

/** Bytes in base64. */
export const Bytes = z.base64()
