// Requests and answers about who is on line and who is typing. Times are Unix milliseconds.
import { z } from 'zod'
import { ACTIVITIES } from '../whatsapp/presence.ts'
import { groupId, number, time } from './schemas.ts'

const activity = z.enum(ACTIVITIES)

/** What an account shows to others: its phone and its devices together. */
export const Presence = z.object({
  online: z.boolean(),
  /** Null while nobody has seen it on line. */
  lastSeen: time.nullable(),
  /** What it does in chats now; `device` 0 is the phone. */
  activities: z.array(z.object({ chat: z.string(), device: z.number().int(), activity, at: time })),
})
export const NewPresence = z.object({ online: z.boolean() })
export const NewActivity = z.object({ chat: z.union([number, groupId]), activity })

export type Presence = z.infer<typeof Presence>
export type NewActivity = z.infer<typeof NewActivity>
