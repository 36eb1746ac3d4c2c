/** What the operator says of a worker. Pure. */
import type { Pod } from '@berth/core/model/builtin.ts'
import type { Worker, WorkerStatus } from '@berth/core/model/worker.ts'
import type { LoadView, TierView, WorkerPhase } from '@berth/core/placement/snapshot.ts'
import { type Trouble, troubleIn, troubleOf } from '../pod-trouble.ts'
import { revisionOf } from '../pods.ts'
import type { LeaseRow } from '../poll.ts'
import { calmLoad } from './calm.ts'
import { notReady, ownConditions, ready, type Saying } from './conditions.ts'

export interface WorkerSight {
  phase: WorkerPhase
  /** It is silent, as most are, and so it is not given up yet. */
  isKept?: boolean
  pod?: Pod
  /** Why the API does not let it be made. */
  refused?: string
  boot?: LeaseRow
  tier?: TierView
  /** Its template is not the tier's any more. */
  outdated: boolean
  tenants: number
  placed: number
  connected: number
  load?: WorkerLoad
}

interface WorkerLoad extends LoadView {
  /** 1: what its tier allows. */
  heat: number
  hot: boolean
}

export function workerStatus(worker: Worker, sight: WorkerSight, now: Date): WorkerStatus {
  const { pod, boot, tier, tenants, placed, connected, load } = sight
  const { status } = worker
  return {
    observedGeneration: worker.metadata.generation,
    // A pod that is gone stays named: the worker ends with it.
    podUID: status?.podUID ?? pod?.metadata.uid,
    node: pod?.spec.nodeName ?? status?.node,
    address: boot?.address,
    bootId: boot?.bootId,
    templateRevision: revisionOf(pod) ?? status?.templateRevision,
    capacity: tier ? { tenants: tier.tenantsPerWorker, sessions: tier.sessionsPerWorker } : status?.capacity,
    tenants,
    sessions: { placed, connected },
    ...(load ? { load: calmLoad(status?.load, rounded(load)) } : {}),
    conditions: ownConditions(worker, { Ready: readinessOf(worker, sight) }, now),
  }
}

const rounded = ({
  messagesPerSecond,
  loopLagMs,
  memoryPercent,
  heat,
}: WorkerLoad): NonNullable<WorkerStatus['load']> => ({
  messagesPerSecond: Math.round(messagesPerSecond),
  loopLagMs: Math.round(loopLagMs),
  memoryPercent: Math.round(memoryPercent),
  percentOfTarget: Math.round(heat * 100),
})

function readinessOf({ metadata, spec }: Worker, sight: WorkerSight): Saying {
  const { phase, isKept, pod, refused, tenants, outdated, load } = sight
  if (metadata.deletionTimestamp) return notReady('Draining', `It goes when its ${tenants} tenants have moved away.`)
  const trouble = troubleOf(pod, refused)
  if (phase === 'Starting') {
    return trouble
      ? notReady(trouble.reason, `Its pod does not start: ${trouble.message}. ${remedyFor(trouble)}`)
      : notReady('Starting', 'Its pod starts.')
  }
  if (isKept && phase === 'Unsure') {
    const what = 'It is silent, as most workers are: it keeps its sessions, as the fault is rather in what they share.'
    return notReady('MostSilent', `${what} See "Most workers are silent" in docs/operations.md.`)
  }
  if (phase === 'Unsure') return notReady('Unsure', 'Its pod is not ready, or it is late in renewing its lease.')
  if (phase === 'Leaving') return notReady('PodDeleted', 'Its pod is being deleted; its sessions move away.')
  if (phase === 'Lost') {
    const why = trouble ? `died${troubleIn(pod)}` : 'died or fallen silent'
    return notReady('Lost', `Its process has ${why}; its sessions move away.`)
  }
  if (phase === 'Gone') return notReady('PodGone', `Its pod is gone${troubleIn(pod)}, and so it will be replaced.`)
  if (spec.desiredState === 'Cordoned') return ready('Cordoned', 'It keeps its tenants and takes no new ones.')
  if (spec.desiredState === 'Drained') return ready('Drained', `It takes nothing; ${tenants} tenants are still here.`)
  if (outdated) return ready('Outdated', 'It runs sessions until they have moved to a worker of the new template.')
  if (load?.hot) {
    return ready(
      'Busy',
      'It is over the target of its tier (spec.scaling): it takes no new tenants where others can, and loses one when that lasts.',
    )
  }
  return ready('Ready', 'It runs sessions.')
}

function remedyFor({ reason }: Trouble): string {
  if (reason === 'PodRefused') return 'Raise the quota, or correct what forbids it.'
  if (reason === 'Unschedulable') return 'Add nodes, or correct spec.workers.template of its tier.'
  if (/Image/.test(reason))
    return 'Correct the image: spec.workers.template.image of its tier, or that of the installation.'
  if (reason === 'CreateContainerConfigError') return 'Create what is missing: it takes its settings from a Secret.'
  return 'kubectl describe pod and kubectl logs say more.'
}
