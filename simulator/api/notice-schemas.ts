// Requests and answers about what devices are told besides messages.
import { z } from 'zod'
import { COLLECTIONS } from '../state/app-state.ts'
import { NOTICES } from '../whatsapp/notices.ts'
import { PEER_MESSAGES } from '../whatsapp/peer-messages.ts'

export const NewNotice = z.object({
  kind: z.enum(NOTICES),
  /** Who it is about: a phone number. The account's own when left out. */
  contact: z.string().optional(),
})
export const NewPeerMessage = z.object({ kind: z.enum(PEER_MESSAGES) })
/** Of the app state, as the phone knows it. */
export const Setting = z.object({
  collection: z.enum(COLLECTIONS),
  name: z.array(z.string()),
  value: z.record(z.string(), z.unknown()),
})
export const Mute = z.object({ chat: z.string() })
/** Of a collection of the app state. */
export const Version = z.object({ version: z.number().int() })

/** What a device showed that it knows. */
export const Knowledge = z.object({
  /** Collection of the app state → the version that it has. */
  appState: z.record(z.string(), z.number().int()),
  /** Hex; `shown` is what was in its last message to the contact. */
  privacyTokens: z.array(z.object({ contact: z.string(), given: z.string(), shown: z.string().nullable() })),
})

export type NewNotice = z.infer<typeof NewNotice>
export type Knowledge = z.infer<typeof Knowledge>
