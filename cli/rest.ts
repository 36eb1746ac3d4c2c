/** What the statuses say once nothing runs any more: the operator's part of them, as it would write it. Pure. */
import { setCondition } from '@berth/core/kube/conditions.ts'
import { type Kind, SessionKind, TenantKind, TierKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import type { SessionStatus, WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant, TenantStatus } from '@berth/core/model/tenant.ts'
import type { Tier, TierStatus } from '@berth/core/model/tier.ts'

/** Whose part it is (operator/labels.ts). */
export const OPERATOR_MANAGER = 'berth-operator'

const MESSAGE =
  'Berth was uninstalled here. Its data are kept: once it is installed again, this goes on without a new QR.'

/** Undefined: nobody has said anything of the object yet. */
export function atRest(kind: Kind, object: KubeObject, now: Date): object | undefined {
  if (kind.kind === SessionKind.kind) return sessionAtRest(object as WhatsAppSession, now)
  if (kind.kind === TenantKind.kind) return tenantAtRest((object as Tenant).status)
  if (kind.kind === TierKind.kind) return tierAtRest((object as Tier).status)
  throw new Error(`nothing is known of ${kind.kind} at rest`)
}

function sessionAtRest({ status, metadata }: WhatsAppSession, now: Date): SessionStatus | undefined {
  if (!status) return undefined
  const { connection: _, conditions = [], ...own } = status
  const before = conditions.filter(({ type }) => type === 'Ready')
  const { generation: observedGeneration } = metadata
  const uninstalled = {
    type: 'Ready',
    status: 'False',
    reason: 'Uninstalled',
    message: MESSAGE,
    observedGeneration,
  } as const
  return { ...own, conditions: setCondition(before, uninstalled, now) }
}

const tenantAtRest = (status: TenantStatus | undefined): TenantStatus | undefined =>
  status && { ...status, ...(status.sessions ? { sessions: { ...status.sessions, connected: 0 } } : {}) }

const tierAtRest = (status: TierStatus | undefined): TierStatus | undefined =>
  status && { ...status, workers: 0, readyWorkers: 0, updatedWorkers: 0, connectedSessions: 0 }
