/** What commands need to know, by their kind. Written by the gateway, read by the worker that carries them out. */
import { z } from 'zod'
import { Author } from './message-parts.ts'

/** Tell the contact that these messages were read. */
export const ReadInput = z.object({
  chat: z.string(),
  messages: z.array(z.object({ whatsappId: z.string(), author: Author.optional() })).min(1),
})
export type ReadInput = z.infer<typeof ReadInput>
