/** Writes the statuses of a round: of sessions with their placements, and of tenants, tiers and workers. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { Plan } from '@berth/core/placement/action.ts'
import { heatOf } from '@berth/core/placement/heat.ts'
import type { Reason, Snapshot } from '@berth/core/placement/snapshot.ts'
import type { Context, Observation } from './context.ts'
import { each } from './each.ts'
import type { Outcome } from './execute.ts'
import { SESSION_FINALIZER, TENANT_FINALIZER } from './labels.ts'
import type { Ownership } from './ownership.ts'
import { hasFinalizer, isDeleting, podOf } from './resources.ts'
import { isOnItsWay } from './status/calm.ts'
import { sessionStatus } from './status/session.ts'
import { tenantStatus } from './status/tenant.ts'
import { tierStatus } from './status/tier.ts'
import { workerStatus } from './status/worker.ts'
import { isWritten } from './status/written.ts'

interface Round {
  context: Context
  observation: Observation
  ownership: Ownership
  snapshot: Snapshot
  plan: Plan
  outcome: Outcome
  delay: Delay
  /** By worker. */
  placedOn: ReadonlyMap<string | undefined, WhatsAppSession[]>
}

/** Reasons for which people are told by an event, on the session. */
const WARNED = new Set([
  'QuotaExceeded',
  'NoCapacity',
  'NameTaken',
  'DataRetained',
  'AdoptNotFound',
  'AdoptInUse',
  'DatabaseRestored',
])

/** What comes and goes with every worker. */
const QUIET = new Set(['Starting', 'Draining', 'Unsure', 'MostSilent', 'PodDeleted', 'PodGone'])

/** Tenants and sessions that are told in one round that they wait: there may be thousands, and places come first. */
const TOLD_TO_WAIT = 50

/** What is left for later rounds. */
class Delay {
  #left = TOLD_TO_WAIT
  isComplete = true

  /** Is it to be written later, as only this differs? */
  until(mayWait: boolean): boolean {
    if (mayWait) this.isComplete = false
    return mayWait
  }

  /** Is somebody who waits for a worker to be told so later? `before`: what is said of him, unless it is that all is well. */
  untilTold(reason: string | undefined, before: Condition | undefined): boolean {
    if (reason !== 'NoCapacity' || before?.reason === reason || before?.status === 'True') return false
    return this.until(this.#left-- <= 0)
  }
}

/** False: some of it was left for the next round. */
export async function report(facts: Omit<Round, 'delay' | 'placedOn'>): Promise<boolean> {
  const { tenants, sessions, tiers, workers } = facts.context.resources
  const now = new Date()
  const delay = new Delay()
  const placedOn = Map.groupBy(sessions.list(), ({ status }) => status?.placement?.worker)
  const round = { ...facts, delay, placedOn }
  const byTenant = Map.groupBy(sessions.list(), ({ spec }) => spec.tenant)
  const unassigned = new Set<string>()
  const { placements, targets } = facts.outcome
  const losesPlace = ({ metadata }: WhatsAppSession) => placements.get(metadata.name)?.action.do === 'Unplace'
  const losesTarget = ({ metadata: { name } }: Tenant) => targets.has(name) && targets.get(name) === undefined
  // Workers that somebody could not leave: what was to come in his place has to wait.
  const full = new Set<string | undefined>()
  const reportOne = async (tenant: Tenant) => {
    const own = byTenant.get(tenant.metadata.name) ?? []
    if (!(await reportTenant(tenant, own, round, now))) unassigned.add(tenant.metadata.name)
  }
  // Places are given back before they are given anew, and targets come before placements.
  await each(sessions.list().filter(losesPlace), async (session) => {
    if (!(await reportSession(session, round, now))) full.add(session.status?.placement?.worker)
  })
  await each(tenants.list().filter(losesTarget), async (tenant) => {
    await reportOne(tenant)
    if (unassigned.has(tenant.metadata.name)) full.add(tenant.status?.worker)
  })
  await each(tenants.list(), async (tenant) => {
    if (losesTarget(tenant)) return
    const target = targets.get(tenant.metadata.name)
    if (target !== undefined && full.has(target)) unassigned.add(tenant.metadata.name)
    else await reportOne(tenant)
  })
  await each(
    sessions.list().filter((session) => !losesPlace(session) && !unassigned.has(session.spec.tenant)),
    (session) => reportSession(session, round, now),
  )
  await each(workers.list(), (worker) => reportWorker(worker, round, now))
  await each(tiers.list(), (tier) => reportTier(tier, round, now))
  return delay.isComplete
}

/** False: the tenant's new target could not be written, so its sessions must wait. */
async function reportTenant(
  tenant: Tenant,
  own: readonly WhatsAppSession[],
  { context, observation, ownership, plan, outcome, delay }: Round,
  now: Date,
): Promise<boolean> {
  const { resources, mirror, events, signal, calm } = context
  // It came while the round ran. The id in its status says that the database has it.
  if (!hasFinalizer(tenant, TENANT_FINALIZER)) return true
  const { name } = tenant.metadata
  const running = own.filter(({ spec }) => spec.desiredState === 'Running')
  const refused = running.flatMap(({ metadata }): Reason[] => {
    const reason = plan.reasons.get(metadata.name)
    return reason && reason.reason !== 'Deleting' ? [reason] : []
  })
  const status = tenantStatus(
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
  if (isWritten(tenant.status, status)) return true
  const [reason, before] = [status.conditions?.[0], tenant.status?.conditions?.[0]]
  const isLater = delay.until(calm.mayWait(tenant, status, observation.now))
  if (isLater || delay.untilTold(reason?.reason, before)) return true
  if (signal.aborted) return false
  const written = await resources.tenants.applyStatus(tenant, status)
  calm.wrote(tenant, observation.now)
  if (written && reason?.reason === 'TierNotFound' && before?.reason !== reason.reason) {
    events.record(tenant, 'Warning', reason.reason, reason.message)
  }
  return written !== undefined || !outcome.targets.has(name)
}

/** False: its status could not be written, so it still has the place that it was to lose. */
async function reportSession(
  session: WhatsAppSession,
  { context, ownership, plan, outcome, delay }: Round,
  now: Date,
): Promise<boolean> {
  const { resources, mirror, events, signal, log } = context
  if (!hasFinalizer(session, SESSION_FINALIZER)) return true
  const { name } = session.metadata
  const { id, owner, state, boot } = ownership.of(session)
  const change = outcome.placements.get(name)
  const reason = plan.reasons.get(name)
  const before = getCondition(session.status?.conditions, 'Ready')
  if (delay.untilTold(reason?.reason, before)) return true
  await mirror.writeObstacle(session, reason?.reason)
  const status = sessionStatus(
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
  if (isWritten(session.status, status) || delay.until(isOnItsWay(session, status, now))) return true
  if (signal.aborted || !(await resources.sessions.applyStatus(session, status))) return false
  const action = change?.action
  if (action?.do === 'Place') {
    const { worker, generation } = action.placement
    const message = action.from
      ? `From worker ${action.from} to ${worker}: ${action.why}.`
      : `On worker ${worker}: ${action.why}.`
    events.record(session, 'Normal', action.from ? 'Moved' : 'Placed', message)
    log.info({ session: name, worker, from: action.from, generation, why: action.why }, 'session placed')
  }
  const said = getCondition(status.conditions, 'Ready')
  if (said && WARNED.has(said.reason) && before?.reason !== said.reason) {
    events.record(session, 'Warning', said.reason, said.message)
  }
  return true
}

async function reportWorker(worker: Worker, round: Round, now: Date): Promise<void> {
  const { context, ownership, snapshot, plan, observation, delay, placedOn } = round
  const { resources, judge, signal, events, calm } = context
  const { name } = worker.metadata
  const view = snapshot.workers.find((candidate) => candidate.name === name)
  // Made in this round: it is looked at in the next one.
  if (!view) return
  const pod = podOf(worker, resources)
  const placed = placedOn.get(name) ?? []
  const tier = snapshot.tiers.find((one) => one.name === worker.spec.tier)
  const boot = judge.livingBoot(pod?.metadata.uid, observation.now)
  const status = workerStatus(
    worker,
    {
      phase: view.phase,
      isKept: judge.isKept(boot?.bootId),
      pod,
      refused: context.refusedPods.get(name),
      boot,
      tier,
      outdated: tier !== undefined && view.revision !== undefined && view.revision !== tier.revision,
      tenants: plan.load.get(name)?.tenants.size ?? 0,
      placed: placed.length,
      connected: placed.filter((session) => ownership.isConnected(session)).length,
      load: view.load && tier && { ...view.load, heat: heatOf(view, tier), hot: plan.hot.has(name) },
    },
    now,
  )
  if (isWritten(worker.status, status) || signal.aborted) return
  if (delay.until(calm.mayWait(worker, status, observation.now))) return
  const written = await resources.workers.applyStatus(worker, status)
  calm.wrote(worker, observation.now)
  const [condition, before] = [status.conditions?.[0], worker.status?.conditions?.[0]]
  if (!written || !condition || condition.status === 'True' || condition.reason === before?.reason) return
  if (!QUIET.has(condition.reason)) events.record(worker, 'Warning', condition.reason, condition.message)
}

async function reportTier(tier: Tier, round: Round, now: Date): Promise<void> {
  const { context, observation, ownership, snapshot, plan, delay } = round
  const { resources, signal, events, calm } = context
  const { name } = tier.metadata
  const view = snapshot.tiers.find((one) => one.name === name)
  const [update, scaling] = [plan.updates.get(name), plan.scaling.get(name)]
  if (!view || !update || !scaling) return
  const tenants = new Set(snapshot.tenants.filter((tenant) => tenant.tier === name).map((tenant) => tenant.name))
  const own = resources.sessions.list().filter(({ spec }) => tenants.has(spec.tenant))
  const workers = snapshot.workers.filter((worker) => worker.tier === name)
  const status = tierStatus(
    tier,
    {
      workers: workers.length,
      readyWorkers: workers.filter(({ phase }) => phase === 'Ready').length,
      updatedWorkers: workers.filter(({ revision }) => revision === view.revision).length,
      templateRevision: view.revision,
      tenants: tenants.size,
      sessions: own.filter((session) => session.status?.placement).length,
      connectedSessions: own.filter((session) => ownership.isConnected(session)).length,
      waiting: own.flatMap(({ metadata }) => {
        const reason = plan.reasons.get(metadata.name)
        return reason?.reason === 'NoCapacity' ? [reason.message] : []
      }),
      update,
      scaling,
      deleting: isDeleting(tier),
    },
    now,
  )
  if (isWritten(tier.status, status) || signal.aborted) return
  if (delay.until(calm.mayWait(tier, status, observation.now))) return
  const written = await resources.tiers.applyStatus(tier, status)
  calm.wrote(tier, observation.now)
  if (!written) return
  for (const type of ['Progressing', 'ScalingActive']) {
    const before = getCondition(tier.status?.conditions, type)
    const after = getCondition(status.conditions, type)
    if (!before || !after || before.reason === after.reason) continue
    // That it scales by itself is nothing to be told each time.
    if (type === 'ScalingActive' && after.status === 'True') continue
    const isTrouble = after.status === 'False' && after.reason !== 'Manual'
    events.record(tier, isTrouble ? 'Warning' : 'Normal', after.reason, after.message)
  }
}
