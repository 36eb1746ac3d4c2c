/** Carries deletions through: of sessions (see departure.ts), tenants, tiers and drained workers. */
import { uuidV5 } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Plan } from '@berth/core/placement/action.ts'
import type { Context, Observation } from './context.ts'
import { type Departure, type DepartureStep, leftLinked, nextStep } from './departure.ts'
import { each } from './each.ts'
import { SESSION_FINALIZER, TENANT_FINALIZER, TIER_FINALIZER, WORKER_FINALIZER } from './labels.ts'
import type { Ownership } from './ownership.ts'
import { hasFinalizer, isDeleting } from './resources.ts'
import { isLinked } from './snapshot.ts'

/** The same command for the same deletion, however often it is asked for. */
const logoutIdOf = (rowId: string, session: WhatsAppSession): string =>
  uuidV5(rowId, 'logout', session.metadata.uid ?? '')

/** Moves each deleted session one step on; answers the names of those whose place is to be taken. */
export async function seeSessionsOff(
  context: Context,
  observation: Observation,
  ownership: Ownership,
): Promise<Set<string>> {
  const leaving = new Set<string>()
  const deleted = context.resources.sessions
    .list()
    .filter((session) => isDeleting(session) && hasFinalizer(session, SESSION_FINALIZER))
  await each(deleted, async (session) => {
    const departure = departureOf(session, context, observation, ownership)
    const step = nextStep(departure)
    if (step === 'Leave' || step === 'Finish') leaving.add(session.metadata.name)
    if (!context.signal.aborted) await take(step, session, departure, context)
  })
  return leaving
}

async function take(
  step: DepartureStep,
  session: WhatsAppSession,
  departure: Departure,
  { mirror, lead, events, resources }: Context,
): Promise<void> {
  const row = mirror.rowOf(session)
  if (step === 'AskLogout' && row) {
    await lead.askLogout(logoutIdOf(row.id, session), row)
  }
  if (step !== 'Finish') return
  const why = leftLinked(departure)
  if (why) {
    const message = `The device is still linked: ${why}. Remove it on the phone: WhatsApp, Settings, Linked devices.`
    events.record(session, 'Warning', 'LogoutSkipped', message)
  }
  if (row) {
    if (policyOf(session, resources).data === 'Retain') await mirror.retainSession(row)
    else await mirror.eraseSession(row)
  }
  await resources.sessions.removeFinalizer(session, SESSION_FINALIZER)
}

function departureOf(
  session: WhatsAppSession,
  { resources, mirror }: Context,
  { reading }: Observation,
  ownership: Ownership,
): Departure {
  const { spec, status, metadata } = session
  const tenant = resources.tenants.get(spec.tenant)
  const { boot, state } = ownership.of(session)
  const row = mirror.rowOf(session)
  return {
    device: policyOf(session, resources).device,
    linked: isLinked(state),
    runnable: tenant?.spec.state === 'Active' && spec.desiredState === 'Running',
    logout: row && reading.logouts.get(logoutIdOf(row.id, session)),
    placed: status?.placement !== undefined,
    held: boot !== undefined,
    ageMs: Date.now() - Date.parse(metadata.deletionTimestamp ?? ''),
  }
}

/** The session's own choice, else its tenant's, else the default. */
function policyOf({ spec }: WhatsAppSession, { tenants }: Context['resources']) {
  return { device: 'Logout', data: 'Erase', ...tenants.get(spec.tenant)?.spec.onDelete, ...spec.onDelete } as const
}

/** Tenants without sessions, tiers without tenants, workers without sessions. */
export async function seeOthersOff(context: Context, plan: Plan): Promise<void> {
  const { resources, mirror, signal } = context
  const { tiers, tenants, sessions, workers } = resources
  const withSessions = new Set(sessions.list().map(({ spec }) => spec.tenant))
  const inUse = new Set(tenants.list().map(({ spec }) => spec.tier))

  for (const tenant of tenants.list()) {
    if (signal.aborted || !isDeleting(tenant) || !hasFinalizer(tenant, TENANT_FINALIZER)) continue
    if (withSessions.has(tenant.metadata.name)) continue
    await mirror.removeTenant(tenant.metadata.name)
    await tenants.removeFinalizer(tenant, TENANT_FINALIZER)
  }
  for (const tier of tiers.list()) {
    if (signal.aborted || !isDeleting(tier) || !hasFinalizer(tier, TIER_FINALIZER)) continue
    if (inUse.has(tier.metadata.name)) continue
    await mirror.removeTier(tier.metadata.name)
    await tiers.removeFinalizer(tier, TIER_FINALIZER)
  }
  for (const worker of workers.list()) {
    if (signal.aborted || !isDeleting(worker) || !hasFinalizer(worker, WORKER_FINALIZER)) continue
    const load = plan.load.get(worker.metadata.name)
    if (load && (load.tenants.size > 0 || load.sessions.size > 0)) continue
    await workers.removeFinalizer(worker, WORKER_FINALIZER)
  }
}
