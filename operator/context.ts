/** What the parts of a round share. */
import type { EventRecorder } from '@berth/core/kube/events.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Budgets } from './budgets.ts'
import type { Config } from './config.ts'
import type { Lead } from './database.ts'
import type { Judge } from './judge.ts'
import type { Mirror } from './mirror.ts'
import type { Nodes } from './nodes.ts'
import type { Reading } from './poll.ts'
import type { Resources } from './resources.ts'
import type { Calm } from './status/calm.ts'

/** For as long as this process leads. */
export interface Context {
  config: Config
  resources: Resources
  /** All that is written in Postgres goes through it. */
  lead: Lead
  events: Pick<EventRecorder, 'record'>
  log: Logger
  judge: Judge
  mirror: Mirror
  /** Undefined: we may not read them. */
  nodes?: Nodes
  calm: Calm
  budgets: Budgets
  /** Worker → why the API did not let its pod be made. */
  refusedPods: Map<string, string>
  /** Aborted when another leads: nothing is written after that. */
  signal: AbortSignal
}

/** One round's knowledge beyond the resources. */
export interface Observation {
  reading: Reading
  /** Monotonic milliseconds. */
  now: number
}
