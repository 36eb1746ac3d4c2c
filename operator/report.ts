/** Writes the statuses of a round: of sessions with their placements, and of tenants, tiers and workers. */
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Plan } from '@berth/core/placement/action.ts'
import type { Reason, Snapshot } from '@berth/core/placement/snapshot.ts'
import type { Context, Observation } from './context.ts'
import { each } from './each.ts'
import type { Outcome } from './execute.ts'
import { SESSION_FINALIZER } from './labels.ts'
import type { Ownership } from './ownership.ts'
import { isPodOf } from './pods.ts'
import { hasFinalizer, isDeleting } from './resources.ts'
import * as sessionPart from './status/session.ts'
import * as tenantPart from './status/tenant.ts'
import * as tierPart from './status/tier.ts'
import * as workerPart from './status/worker.ts'

export interface Round {
  context: Context
  observation: Observation
  ownership: Ownership
  snapshot: Snapshot
  plan: Plan
  outcome: Outcome
}

/** Reasons for which people are told by an event, on the session. */
const WARNED = new Set(['QuotaExceeded', 'NoCapacity', 'NameTaken', 'DataRetained', 'AdoptNotFound', 'AdoptInUse'])

export async function report(round: Round): Promise<void> {
  const { tenants, sessions, tiers, workers } = round.context.resources
  const now = new Date()
  const byTenant = Map.groupBy(sessions.list(), ({ spec }) => spec.tenant)
  const unassigned = new Set<string>()
  // Targets come before placements.
  await each(tenants.list(), async (tenant) => {
    const own = byTenant.get(tenant.metadata.name) ?? []
    if (!(await reportTenant(tenant, own, round, now))) unassigned.add(tenant.metadata.name)
  })
  await each(
    sessions.list().filter(({ spec }) => !unassigned.has(spec.tenant)),
    (session) => reportSession(session, round, now),
  )
  await each(workers.list(), (worker) => reportWorker(worker.metadata.name, round, now))
  await each(tiers.list(), (tier) => reportTier(tier.metadata.name, round, now))
}

/** False: the tenant's new target could not be written, so its sessions must wait. */
async function reportTenant(
  tenant: Tenant,
  own: readonly WhatsAppSession[],
  { context, ownership, plan, outcome }: Round,
  now: Date,
): Promise<boolean> {
  const { resources, mirror, events, signal } = context
  const { name } = tenant.metadata
  const running = own.filter(({ spec }) => spec.desiredState === 'Running')
  const refused = running.flatMap(({ metadata }): Reason[] => {
    const reason = plan.reasons.get(metadata.name)
    return reason && reason.reason !== 'Deleting' ? [reason] : []
  })
  const status = tenantPart.tenantStatus(
    tenant,
    {
      id: mirror.tenantId(name),
      worker: outcome.targets.has(name) ? outcome.targets.get(name) : tenant.status?.worker,
      tier: resources.tiers.get(tenant.spec.tier),
      desired: running.length,
      connected: own.filter((session) => ownership.isConnected(session)).length,
      refused,
      remaining: own.map(({ metadata }) => metadata.name),
      deleting: isDeleting(tenant),
    },
    now,
  )
  if (tenantPart.isWritten(tenant, status)) return true
  if (signal.aborted) return false
  const written = await resources.tenants.applyStatus(tenant, status)
  const reason = status.conditions?.[0]
  if (written && reason?.reason === 'TierNotFound' && tenant.status?.conditions?.[0]?.reason !== reason.reason) {
    events.record(tenant, 'Warning', reason.reason, reason.message)
  }
  return written !== undefined || !outcome.targets.has(name)
}

async function reportSession(
  session: WhatsAppSession,
  { context, ownership, plan, outcome }: Round,
  now: Date,
): Promise<void> {
  const { resources, events, signal, log } = context
  if (!hasFinalizer(session, SESSION_FINALIZER)) return
  const { name } = session.metadata
  const { id, owner, state, boot } = ownership.of(session)
  const change = outcome.placements.get(name)
  const reason = plan.reasons.get(name)
  const status = sessionPart.sessionStatus(
    session,
    {
      id: id ?? session.status?.id,
      placement: change ? change.placement : session.status?.placement,
      reason,
      owner,
      held: boot !== undefined,
      state,
    },
    now,
  )
  if (sessionPart.isWritten(session, status) || signal.aborted) return
  if (!(await resources.sessions.applyStatus(session, status))) return
  const action = change?.action
  if (action?.do === 'Place') {
    const { worker, generation } = action.placement
    const message = action.from
      ? `From worker ${action.from} to ${worker}: ${action.why}.`
      : `On worker ${worker}: ${action.why}.`
    events.record(session, 'Normal', action.from ? 'Moved' : 'Placed', message)
    log.info({ session: name, worker, from: action.from, generation, why: action.why }, 'session placed')
  }
  const before = session.status?.conditions?.find(({ type }) => type === 'Ready')?.reason
  if (reason && WARNED.has(reason.reason) && before !== reason.reason) {
    events.record(session, 'Warning', reason.reason, reason.message)
  }
}

async function reportWorker(name: string, { context, ownership, snapshot, plan, observation }: Round, now: Date) {
  const { resources, judge, signal } = context
  const worker = resources.workers.get(name)
  const view = snapshot.workers.find((candidate) => candidate.name === name)
  if (!worker || !view) return
  const found = resources.pods.get(name)
  const pod = found && isPodOf(found, worker) ? found : undefined
  const placed = resources.sessions.list().filter(({ status }) => status?.placement?.worker === name)
  const status = workerPart.workerStatus(
    worker,
    {
      phase: view.phase,
      pod,
      boot: judge.livingBoot(pod?.metadata.uid, observation.now),
      tier: snapshot.tiers.find((tier) => tier.name === worker.spec.tier),
      tenants: plan.load.get(name)?.tenants.size ?? 0,
      placed: placed.length,
      connected: placed.filter((session) => ownership.isConnected(session)).length,
    },
    now,
  )
  if (workerPart.isWritten(worker, status) || signal.aborted) return
  const written = await resources.workers.applyStatus(worker, status)
  const lost = status.conditions?.[0]?.reason === 'Lost' && view.phase === 'Lost'
  if (written && lost && worker.status?.conditions?.[0]?.reason !== 'Lost') {
    context.events.record(worker, 'Warning', 'Lost', 'Its process has died or fallen silent; its sessions move away.')
  }
}

async function reportTier(name: string, { context, ownership, snapshot, plan }: Round, now: Date): Promise<void> {
  const { resources, signal } = context
  const tier = resources.tiers.get(name)
  if (!tier) return
  const tenants = new Set(snapshot.tenants.filter((tenant) => tenant.tier === name).map((tenant) => tenant.name))
  const own = resources.sessions.list().filter(({ spec }) => tenants.has(spec.tenant))
  const workers = snapshot.workers.filter((worker) => worker.tier === name)
  const status = tierPart.tierStatus(
    tier,
    {
      workers: workers.length,
      readyWorkers: workers.filter(({ phase }) => phase === 'Ready').length,
      tenants: tenants.size,
      sessions: own.filter((session) => session.status?.placement).length,
      connectedSessions: own.filter((session) => ownership.isConnected(session)).length,
      waiting: own.filter(({ metadata }) => plan.reasons.get(metadata.name)?.reason === 'NoCapacity').length,
      deleting: isDeleting(tier),
    },
    now,
  )
  if (!tierPart.isWritten(tier, status) && !signal.aborted) await resources.tiers.applyStatus(tier, status)
}
