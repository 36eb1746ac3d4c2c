// Requests and answers about a load. What its figures mean stands in `load/`.
import { z } from 'zod'
import { fullRate } from '../load/plan.ts'
import { time } from './schemas.ts'

const count = z.number().int().min(0)

const Plan = z.strictObject({
  accounts: z.number().int().min(1).max(50_000),
  contacts: z.number().int().min(1).max(10_000).default(100),
  perMinute: z.number().min(0).max(6000).default(6),
  distribution: z.enum(['even', 'skewed']).default('even'),
  groupShare: z.number().min(0).max(1).default(0),
  groupSize: z.number().int().min(2).max(256).default(5),
  rampSeconds: z.number().min(0).max(86_400).default(0),
  textLength: z.number().int().min(1).max(4096).default(60),
  seed: z.number().int().default(1),
})

/** More is no load that this process could write. */
const MAXIMUM_PER_SECOND = 10_000

export const NewLoad = Plan.refine((plan) => fullRate(plan) * 1000 <= MAXIMUM_PER_SECOND, {
  path: ['perMinute'],
  message: `at most ${MAXIMUM_PER_SECOND} messages a second for all accounts together`,
}).refine(({ groupShare, groupSize, contacts }) => groupShare === 0 || groupSize <= contacts + 1, {
  path: ['groupSize'],
  message: 'a group has one account and otherwise contacts: there are not so many',
})

const PerMeter = z.object({
  written: z.number(),
  sent: z.number(),
  delivered: z.number(),
  submitted: z.number(),
  received: z.number(),
})

export const Load = z.object({
  plan: Plan,
  startedAt: time,
  phones: count,
  linked: count,
  online: count,
  skipped: count,
  failed: count,
  totals: PerMeter,
  perSecond: PerMeter,
  deliveryMs: z.object({ p50: z.number().nullable(), p99: z.number().nullable() }),
})

/** Null while there is none. */
export const MaybeLoad = z.object({ load: Load.nullable() })

export type NewLoad = z.input<typeof NewLoad>
export type Load = z.infer<typeof Load>
export type MaybeLoad = z.infer<typeof MaybeLoad>
