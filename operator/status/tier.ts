/** What the operator says of a tier. Pure. */
import type { Tier, TierStatus } from '@berth/core/model/tier.ts'
import { selectorOf } from '../labels.ts'
import { notReady, ready, readyCondition } from './ready.ts'

export interface TierSight {
  workers: number
  readyWorkers: number
  tenants: number
  sessions: number
  connectedSessions: number
  /** Sessions that wait for a worker. */
  waiting: number
  deleting: boolean
}

export function tierStatus(tier: Tier, { waiting, deleting, ...counts }: TierSight, now: Date): TierStatus {
  const readiness = deleting
    ? notReady('Deleting', `${counts.tenants} tenants still use it. Move them to another tier, or delete them.`)
    : waiting > 0
      ? notReady('NoCapacity', `${waiting} sessions wait for a worker.`)
      : ready('Active', 'Every session of its tenants has a worker.')
  return {
    observedGeneration: tier.metadata.generation,
    ...counts,
    selector: selectorOf(tier.metadata.name),
    conditions: readyCondition(tier, readiness, now),
  }
}
