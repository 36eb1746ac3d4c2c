/** Automatic replies, as they are stored. */
import { z } from 'zod'
import { Words } from './message-parts.ts'

/** Settings of the strategy `static`. */
export const StaticReply = z.object({ text: Words.max(4096).describe('What is answered, as a text message') })
export type StaticReply = z.infer<typeof StaticReply>
