/** Condenses resources, ownership and judgements to what the planner looks at. Pure. */
import type { Pod } from '@berth/core/model/builtin.ts'
import type { Placement, WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import { DEFAULT_DRAIN, DEFAULT_SCALING, DEFAULT_UPDATE, type Tier, type TierSpec } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type {
  OwnerView,
  PlacementView,
  Reason,
  SessionView,
  TenantView,
  TierView,
  WorkerView,
} from '@berth/core/placement/snapshot.ts'
import type { PhaseSight } from './judge.ts'
import { WORKER_FINALIZER } from './labels.ts'
import { ZONE_LABEL } from './nodes.ts'
import { type Trouble, troubleOf } from './pod-trouble.ts'
import { revisionOf } from './pods.ts'
import type { OwnerRow, StateRow } from './poll.ts'
import { hasFinalizer, isDeleting } from './resources.ts'

/** `revision`: of the template that pods of the tier would be made from now. `hosts`: nodes that they may use, if known. */
export const tierView = ({ metadata, spec }: Tier, revision: string, hosts?: readonly string[]): TierView => ({
  name: metadata.name,
  price: Number(spec.price.amount),
  dedicated: spec.placement.mode === 'Dedicated',
  tenantsPerWorker: spec.placement.tenantsPerWorker,
  sessionsPerWorker: spec.placement.sessionsPerWorker,
  sessionsPerTenant: spec.limits.sessionsPerTenant,
  workers: spec.workers,
  stabilizationMs: spec.scaleDown.stabilizationSeconds * 1000,
  revision,
  update: updateView({ ...DEFAULT_UPDATE, ...spec.update }),
  maxMoving: { ...DEFAULT_DRAIN, ...spec.drain }.maxMoving,
  target: targetView({ ...DEFAULT_SCALING, ...spec.scaling }),
  hosts,
})

const targetView = (scaling: TierSpec['scaling']): TierView['target'] => ({
  messagesPerSecond: scaling.targetMessagesPerSecond,
  loopLagMs: scaling.targetLoopLagMs,
  memoryPercent: scaling.targetMemoryPercent,
})

const updateView = ({ deadlineSeconds, ...rest }: TierSpec['update']): TierView['update'] => ({
  ...rest,
  deadlineMs: deadlineSeconds * 1000,
})

export const tenantView = ({ metadata, spec, status }: Tenant): TenantView => ({
  name: metadata.name,
  tier: spec.tier,
  suspended: spec.state === 'Suspended',
  worker: status?.worker,
})

/** What is known of a worker beside its resource. `zone`: of its node. */
interface WorkerFacts extends Pick<WorkerView, 'zone' | 'surplusSince' | 'hotSince' | 'load'> {
  pod?: Pod
  /** Why the API did not let the pod be made. */
  refused?: string
}

export const workerView = (
  { metadata, spec, status }: Worker,
  sight: PhaseSight,
  { pod, refused, zone, ...more }: WorkerFacts,
): WorkerView => ({
  name: metadata.name,
  tier: spec.tier,
  tenant: spec.tenant,
  desiredState: spec.desiredState,
  deleting: isDeleting({ metadata }),
  podUID: status?.podUID ?? pod?.metadata.uid,
  host: pod?.spec.nodeName ?? status?.node,
  // Kubernetes puts the zone on pods as they come to a node, from 1.35 on.
  zone: pod?.metadata.labels?.[ZONE_LABEL] ?? zone,
  phase: sight.phase,
  phaseSince: sight.since,
  unreadySince: sight.unreadySince,
  revision: revisionOf(pod) ?? status?.templateRevision,
  trouble: saidOf(troubleOf(pod, refused)),
  used: hasFinalizer({ metadata }, WORKER_FINALIZER) || spec.tenant !== undefined,
  ...more,
})

const saidOf = (trouble: Trouble | undefined): string | undefined => trouble && `${trouble.reason}: ${trouble.message}`

/** What is known of a session beside its resource. */
export interface SessionFacts {
  leaving: boolean
  blocked?: Reason
  owner?: OwnerView
  state?: StateRow
  connected: boolean
  /** Wall clock in milliseconds → the plan's. */
  planTime(wallMs: number): number
}

export const sessionView = ({ metadata, spec, status }: WhatsAppSession, more: SessionFacts): SessionView => ({
  name: metadata.name,
  tenant: spec.tenant,
  createdAt: metadata.creationTimestamp ?? '',
  running: spec.desiredState === 'Running',
  leaving: more.leaving,
  linked: isLinked(more.state),
  connected: more.connected,
  blocked: more.blocked,
  placement: status?.placement && placementView(status.placement, more.planTime),
  owner: more.owner,
})

const placementView = (
  { worker, podUID, generation, boundAt, awaited }: Placement,
  planTime: (wallMs: number) => number,
): PlacementView => ({
  worker,
  podUID,
  generation,
  since: planTime(Date.parse(boundAt)),
  ...(awaited ? { awaited: { ...awaited, since: planTime(Date.parse(awaited.since)) } } : {}),
})

/** `holder`: the worker of the boot that holds the claim, if that boot is alive as far as known. */
export const ownerView = (row: OwnerRow, holder: string | undefined): OwnerView => ({
  generation: row.generation,
  wanted: row.wanted,
  podUID: row.podUid ?? undefined,
  heldBy: row.released ? undefined : holder,
})

/** Does a phone list the device, as far as its worker said last? */
export const isLinked = (state: StateRow | undefined): boolean =>
  state !== undefined && state.phoneNumber !== null && !['LoggedOut', 'WaitingForScan'].includes(state.state)
