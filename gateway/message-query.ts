/** What lists of messages can be asked for. */
import { z } from 'zod'
import { chatOf } from './chat.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { MessageFilter } from './data/messages.ts'
import { cursorLike, Instant, Limit, MessageStatus, Recipient } from './schemas.ts'

export const MESSAGES_CURSOR = encodeCursor('4711')
/** Below zero: of the time before the link. */
const NUMBER_FORM = /^-?\d{1,16}$/
const SEARCH_RULE = 'Write words, at most 200 characters of valid Unicode'

export const MessageQuery = z.strictObject({
  chat: Recipient.optional().describe('Only this conversation: a phone number or a chat'),
  direction: z
    .enum(['incoming', 'outgoing'], 'Write "incoming" or "outgoing"')
    .optional()
    .describe('Only what came in, or what went out'),
  type: z
    .string()
    .regex(/^[a-z_]{1,40}$/, 'Write a type of message, for example "image"')
    .optional()
    .describe('Only messages of this type')
    .meta({ examples: ['image'] }),
  search: z
    .string()
    .min(1, SEARCH_RULE)
    .max(200, SEARCH_RULE)
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), SEARCH_RULE)
    .optional()
    .describe(
      'Only messages with all these words, in their text, caption, file name or the name of a place; "…" for words in a row, or for one of two, - for none of it. Of the newest 10,000 that have them',
    )
    .meta({ examples: ['order 4711'] }),
  status: MessageStatus.optional().describe('Only what has this status now'),
  after: Instant('Only what was stored after this time'),
  before: Instant('Only what was stored before this time'),
  limit: Limit,
  cursor: cursorLike(MESSAGES_CURSOR),
})

/** One row more than the page has, to know whether there is another one. */
export function filterOf({ chat, direction, cursor, limit, ...same }: z.infer<typeof MessageQuery>): MessageFilter {
  const { type, search, status, after, before } = same
  return {
    limit: limit + 1,
    ...(chat !== undefined && { chat: chatOf(chat)! }),
    ...(direction && { fromMe: direction === 'outgoing' }),
    ...(type !== undefined && { type }),
    ...(search !== undefined && { search }),
    ...(status && { status }),
    ...(after && { after }),
    ...(before && { before }),
    ...(cursor !== undefined && { below: Number(decodeCursor(cursor, NUMBER_FORM)) }),
  }
}
