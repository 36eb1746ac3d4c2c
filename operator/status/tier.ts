/** What the operator says of a tier. Pure. */
import { DEFAULT_UPDATE, type Tier, type TierStatus } from '@berth/core/model/tier.ts'
import type { Scaling } from '@berth/core/placement/scaling.ts'
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
  scaling: Scaling
  deleting: boolean
}

export function tierStatus(tier: Tier, sight: TierSight, now: Date): TierStatus {
  const { waiting: _, update: __, deleting: ___, scaling, ...counts } = sight
  const conditions = {
    Ready: readinessOf(sight),
    Progressing: progressOf(tier, sight),
    ScalingActive: scalingOf(tier, sight),
  }
  return {
    observedGeneration: tier.metadata.generation,
    ...counts,
    wantedWorkers: scaling.wanted,
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

/** Who decides on the number of workers, what that number is, and what stands in the way. */
function scalingOf({ metadata: { name }, spec }: Tier, { scaling, workers }: TierSight): Saying {
  const { min, max, spare, replicas } = spec.workers
  const { asked, wanted, busy, hot, surplus, broken } = scaling
  const hotOnes = hot.length > 0 ? ` Over their target (spec.scaling): ${some(hot)}.` : ''
  if (broken.length > 0) {
    const remedy = 'kubectl describe wkr NAME says why; correct it, and delete them to have others made.'
    return notReady('WorkersFail', `No more are made, as new workers have failed: ${some(broken)}. ${remedy}`)
  }
  if (replicas !== undefined) {
    return notReady(
      'Manual',
      `Scaled by hand to ${replicas}; tenants and load change nothing.${hotOnes} Automatic again: ` +
        `kubectl patch tier ${name} --type=merge -p '{"spec":{"workers":{"replicas":null}}}'.`,
    )
  }
  if (asked > wanted) {
    return notReady('AtMax', `${asked} workers are needed, and spec.workers.max allows ${max}: raise it.${hotOnes}`)
  }
  const size = `${wanted} wanted: ${busy} with tenants, ${spare} to spare, at least ${min}, at most ${max}.`
  if (scaling.isReliefStuck) return ready('ScalingUp', `One is needed for a tenant of ${some(hot)}. ${size}`)
  if (scaling.isLopsided) {
    return ready('Spreading', `All spare ones are on one node, so there is one more until one is on another. ${size}`)
  }
  if (wanted > workers) return ready('ScalingUp', `${size}${hotOnes}`)
  if (surplus.length > 0) {
    const { stabilizationSeconds } = spec.scaleDown
    return ready(
      'ScalingDown',
      `Not needed for ${stabilizationSeconds} s, they go: ${some(surplus)}. ${size}${hotOnes}`,
    )
  }
  return ready('Automatic', `${size}${hotOnes}`)
}

const some = (names: readonly string[]): string => names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '')
