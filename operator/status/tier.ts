/** What the operator says of a tier. Pure. */
import { DEFAULT_UPDATE, type Tier, type TierStatus } from '@berth/core/model/tier.ts'
import type { UpdateProgress } from '@berth/core/placement/update.ts'
import { selectorOf } from '../labels.ts'
import { notReady, ownConditions, ready, type Saying } from './conditions.ts'

export interface TierSight {
  workers: number
  readyWorkers: number
  updatedWorkers: number
  templateRevision: string
  tenants: number
  sessions: number
  connectedSessions: number
  /** Why sessions wait for a worker, for each of them. */
  waiting: string[]
  update: UpdateProgress
  deleting: boolean
}

export function tierStatus(tier: Tier, sight: TierSight, now: Date): TierStatus {
  const { waiting: _, update: __, deleting: ___, ...counts } = sight
  const conditions = { Ready: readinessOf(sight), Progressing: progressOf(tier, sight) }
  return {
    observedGeneration: tier.metadata.generation,
    ...counts,
    selector: selectorOf(tier.metadata.name),
    conditions: ownConditions(tier, conditions, now),
  }
}

function readinessOf({ waiting, deleting, tenants }: TierSight): Saying {
  if (deleting) {
    return notReady('Deleting', `${tenants} tenants still use it. Move them to another tier, or delete them.`)
  }
  const [why] = waiting
  if (why) return notReady('NoCapacity', `${waiting.length} sessions wait for a worker. ${why}`)
  return ready('Active', 'Every session of its tenants has a worker.')
}

/** How far the rolling update of its workers is; True also when it is done, as for a Deployment. */
function progressOf({ spec }: Tier, { update, updatedWorkers }: TierSight): Saying {
  const { outdated, missing, unready, stall } = update
  const { deadlineSeconds } = { ...DEFAULT_UPDATE, ...spec.update }
  if (stall === 'SessionsMissing') {
    return notReady(
      stall,
      `Stopped: ${missing.length} moved sessions were not back within ${deadlineSeconds} s: ${some(missing)}. ` +
        'kubectl describe wa NAME says why. It goes on when they are back; set the template back to undo it.',
    )
  }
  if (stall === 'WorkersNotReady') {
    return notReady(
      stall,
      `Stopped: new workers were not ready within ${deadlineSeconds} s: ${some(unready)}. ` +
        'kubectl describe wkr NAME says why. Correct spec.workers.template, or set it back; no session has to wait.',
    )
  }
  const left = missing.length > 0 ? ` ${missing.length} moved sessions were not back in time: ${some(missing)}.` : ''
  if (outdated === 0) return ready('UpToDate', `Every worker has the template as it is now.${left}`)
  const total = updatedWorkers + outdated
  return ready('Updating', `${updatedWorkers} of ${total} workers have the template as it is now.${left}`)
}

const some = (names: readonly string[]): string => names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '')
