/** What the statuses say once nothing runs any more, as operator and workers would write it. Pure. */
import { setCondition } from '@berth/core/kube/conditions.ts'
import { kubeTime } from '@berth/core/kube/time.ts'
import { type Kind, SessionKind, TenantKind, TierKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import type { SessionStatus, WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant, TenantStatus } from '@berth/core/model/tenant.ts'
import type { Tier, TierStatus } from '@berth/core/model/tier.ts'

/** Whose part of a status it is (operator/labels.ts, worker/kube-status.ts): each is always written whole. */
export type Manager = 'berth-operator' | 'berth-worker'

export interface Part {
  manager: Manager
  status: object
}

const REASON = 'Uninstalled'
const MESSAGE =
  'Berth was uninstalled here. Its data are kept: once it is installed again, this goes on without a new QR.'
/** The conditions that workers write. */
const OF_WORKERS = ['Linked', 'Connected']

/** None: nobody has said anything of the object yet. */
export function atRest(kind: Kind, object: KubeObject, now: Date): Part[] {
  if (kind.kind === SessionKind.kind) return sessionAtRest(object as WhatsAppSession, now)
  if (kind.kind === TenantKind.kind) return ofOperator(tenantAtRest((object as Tenant).status))
  if (kind.kind === TierKind.kind) return ofOperator(tierAtRest((object as Tier).status))
  throw new Error(`nothing is known of ${kind.kind} at rest`)
}

const ofOperator = (status: object | undefined): Part[] => (status ? [{ manager: 'berth-operator', status }] : [])

function sessionAtRest({ status, metadata }: WhatsAppSession, now: Date): Part[] {
  if (!status) return []
  const { connection, conditions = [], ...own } = status
  const [ofWorkers, others] = [true, false].map((is) =>
    conditions.filter(({ type }) => OF_WORKERS.includes(type) === is),
  )
  const no = (type: string) =>
    ({ type, status: 'False', reason: REASON, message: MESSAGE, observedGeneration: metadata.generation }) as const
  const said: SessionStatus = { ...own, conditions: setCondition(others, no('Ready'), now) }
  if (!connection) return ofOperator(said)
  const lost: SessionStatus = {
    connection: { ...connection, state: 'Disconnected', since: kubeTime(now), reason: REASON, message: MESSAGE },
    conditions: setCondition(ofWorkers, no('Connected'), now),
  }
  return [...ofOperator(said), { manager: 'berth-worker', status: lost }]
}

const tenantAtRest = (status: TenantStatus | undefined): TenantStatus | undefined =>
  status && { ...status, ...(status.sessions ? { sessions: { ...status.sessions, connected: 0 } } : {}) }

const tierAtRest = (status: TierStatus | undefined): TierStatus | undefined =>
  status && { ...status, workers: 0, readyWorkers: 0, updatedWorkers: 0, connectedSessions: 0 }
