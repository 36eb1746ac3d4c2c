// Requests and answers about planned trouble. What each kind does stands in `state/disturbances.ts`.
import { z } from 'zod'
import { CONDITIONS } from '../whatsapp/forced.ts'
import { direction, number, time } from './schemas.ts'

/** A day: what waits longer is as good as lost. */
const MAXIMUM_MS = 86_400_000
const MAXIMUM_BAN_S = 31_536_000
const milliseconds = z.number().int().min(0).max(MAXIMUM_MS)

const Match = z.strictObject({
  direction,
  number: number.optional(),
  device: z.number().int().min(1).optional(),
  tag: z.string().min(1).max(100).optional(),
  type: z.string().min(1).max(100).optional(),
})

const Action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delay'), ms: milliseconds }),
  z.strictObject({ kind: z.enum(['lose', 'duplicate', 'reorder', 'corrupt']) }),
  z.strictObject({
    kind: z.literal('refuse'),
    code: z.string().regex(/^[45]\d\d$/, 'an error code: 400 to 599'),
    seconds: z.number().int().min(1).max(MAXIMUM_BAN_S).optional(),
  }),
  z.strictObject({ kind: z.literal('end'), condition: z.enum(CONDITIONS) }),
  z.strictObject({ kind: z.literal('batches'), size: z.number().int().min(1).max(10_000), pauseMs: milliseconds }),
])

const Plan = z.strictObject({
  match: Match,
  action: Action,
  skip: z.number().int().min(0).default(0),
  count: z.number().int().min(1).nullable().default(1),
  probability: z.number().min(0).max(1).default(1),
  seed: z.number().int().default(1),
})

export const NewDisturbance = Plan.superRefine(({ match, action: { kind } }, context) => {
  const isFromDevice = match.direction === 'from-device'
  const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['action', 'kind'], message })
  if (kind === 'refuse' && !isFromDevice) refuse('only what comes from a device can be refused')
  if (kind === 'corrupt' && isFromDevice) refuse('only what goes to a device can be corrupted')
  if (kind === 'batches' && !(isFromDevice && match.tag === 'login')) refuse('batches belong to a login from a device')
})

export const Disturbance = Plan.extend({
  id: z.number().int(),
  at: time,
  matched: z.number().int(),
  used: z.number().int(),
})

export type NewDisturbance = z.input<typeof NewDisturbance>
export type Disturbance = z.infer<typeof Disturbance>
