/** Tenants, sessions and workers in brief: what a line of a list says, and what `--json` prints for it. Pure. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Worker } from '@berth/core/model/worker.ts'

interface Summary {
  ready: boolean
  /** One word: why it is so. */
  reason: string
  /** One sentence: why, and what to do. */
  message: string
  /** RFC 3339. */
  since: string | undefined
}

/** What the operator says of an object, in its condition Ready. */
export function summaryOf(object: {
  metadata: { creationTimestamp?: string }
  status?: { conditions?: Condition[] }
}): Summary {
  const ready = getCondition(object.status?.conditions, 'Ready')
  if (!ready) {
    const message = 'The operator has not looked at it yet.'
    return { ready: false, reason: NOT_TAKEN_UP, message, since: object.metadata.creationTimestamp }
  }
  const { status, reason, message, lastTransitionTime } = ready
  return { ready: status === 'True', reason, message, since: lastTransitionTime }
}

/** What has no condition of the operator's yet. */
export const NOT_TAKEN_UP = 'NotTakenUp'

export interface SessionRecord extends Summary {
  name: string
  tenant: string
  phoneNumber: string | undefined
  worker: string | undefined
  desiredState: string
}

export function sessionRecord(session: WhatsAppSession): SessionRecord {
  const { metadata, spec, status } = session
  const summary = summaryOf(session)
  const { connection, placement } = status ?? {}
  return {
    name: metadata.name,
    tenant: spec.tenant,
    phoneNumber: connection?.phoneNumber,
    worker: placement?.worker,
    desiredState: spec.desiredState,
    ...summary,
    since: summary.reason === connection?.state ? connection.since : latest(summary.since, placement?.boundAt),
  }
}

/** The condition keeps the time of its status, however often the reason changes: a move since then is the better word. */
const latest = (a: string | undefined, b: string | undefined): string | undefined =>
  a && b && Date.parse(b) > Date.parse(a) ? b : (a ?? b)

export interface TenantRecord extends Summary {
  name: string
  tier: string
  state: string
  connected: number
  desired: number
  limit: number
  worker: string | undefined
}

export function tenantRecord(tenant: Tenant): TenantRecord {
  const { metadata, spec, status } = tenant
  const { connected = 0, desired = 0, limit = 0 } = status?.sessions ?? {}
  const { name } = metadata
  const { tier, state } = spec
  return { name, tier, state, connected, desired, limit, worker: status?.worker, ...summaryOf(tenant) }
}

export interface WorkerRecord extends Summary {
  name: string
  tier: string
  /** Whose own it is, when it is dedicated. */
  tenant: string | undefined
  desiredState: string
  tenants: number
  tenantLimit: number | undefined
  placed: number
  connected: number
  node: string | undefined
}

export function workerRecord(worker: Worker): WorkerRecord {
  const { metadata, spec, status } = worker
  return {
    name: metadata.name,
    tier: spec.tier,
    tenant: spec.tenant,
    desiredState: spec.desiredState,
    tenants: status?.tenants ?? 0,
    tenantLimit: status?.capacity?.tenants,
    placed: status?.sessions?.placed ?? 0,
    connected: status?.sessions?.connected ?? 0,
    node: status?.node,
    ...summaryOf(worker),
  }
}
