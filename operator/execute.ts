/**
 * Carries a plan out. Every write is conditional; one that was overtaken is left to the next round, together with what
 * depends on it: a session is never bound before its tenant's target was written and its worker was taken into use.
 */
import { kubeTime } from '@berth/core/kube/time.ts'
import type { Placement } from '@berth/core/model/session.ts'
import type { Action, Plan } from '@berth/core/placement/action.ts'
import type { PlacementView } from '@berth/core/placement/snapshot.ts'
import { counter } from '@berth/core/telemetry/metrics.ts'
import type { Context } from './context.ts'
import { each } from './each.ts'
import { WORKER_FINALIZER } from './labels.ts'
import { troubleIn } from './pod-trouble.ts'
import { hasFinalizer } from './resources.ts'

const actionsDone = counter({
  name: 'berth_operator_actions_total',
  help: 'What the operator did: Place, Unplace, CreateWorker, …',
  labels: ['action'],
})

type Of<Do extends Action['do']> = Extract<Action, { do: Do }>

/** What the statuses that are written next have to say. */
export interface Outcome {
  /** By session, where it changes; undefined: no place. */
  placements: Map<string, { placement: Placement | undefined; action: Of<'Place' | 'Unplace' | 'Welcome'> }>
  /** By tenant: its target worker. */
  targets: Map<string, string | undefined>
}

/** Does all but the sessions' own statuses, which the caller writes with the rest of what they say. */
export async function execute({ actions }: Plan, context: Context): Promise<Outcome> {
  const of = <Do extends Action['do']>(what: Do) => actions.filter((action): action is Of<Do> => action.do === what)
  const unready = new Set<string>()
  await each(of('Occupy'), async (action) => {
    if (!(await occupy(action, context))) unready.add(action.worker)
  })
  const targets = new Map(
    of('Assign').flatMap(({ tenant, worker }) => (worker && unready.has(worker) ? [] : [[tenant, worker] as const])),
  )
  const placements: Outcome['placements'] = new Map()
  for (const action of of('Unplace')) placements.set(action.session, { placement: undefined, action })
  for (const action of of('Place')) {
    if (unready.has(action.placement.worker)) continue
    placements.set(action.session, { placement: placementOf(action.placement, new Date()), action })
  }
  for (const action of of('Welcome')) {
    const { awaited: _, ...placement } = context.resources.sessions.get(action.session)!.status!.placement!
    placements.set(action.session, { placement, action })
  }
  await each(of('CreateWorker'), (action) => createWorker(action, context))
  await each(of('DeleteWorker'), (action) => deleteWorker(action, context))
  for (const action of actions) actionsDone.inc({ action: action.do })
  return { placements, targets }
}

function placementOf({ awaited, ...placement }: PlacementView, boundAt: Date): Placement {
  const bound = { ...placement, boundAt: kubeTime(boundAt) }
  if (!awaited) return bound
  const since = new Date(boundAt.getTime() - (performance.now() - awaited.since))
  return { ...bound, awaited: { ...awaited, since: kubeTime(since) } }
}

/** Takes a worker into use. False: it has changed; look again. */
async function occupy({ worker: name, tenant }: Of<'Occupy'>, { resources, signal }: Context): Promise<boolean> {
  const { workers } = resources
  const worker = workers.get(name)
  if (!worker || signal.aborted) return false
  const spec = tenant && worker.spec.tenant !== tenant ? { tenant } : undefined
  if (!hasFinalizer(worker, WORKER_FINALIZER)) {
    return (await workers.addFinalizer(worker, WORKER_FINALIZER, spec)) !== undefined
  }
  return spec === undefined || (await workers.patch(worker, { spec })) !== undefined
}

async function createWorker({ worker: name, tier, why }: Of<'CreateWorker'>, context: Context): Promise<void> {
  const { resources, events, log, signal } = context
  if (signal.aborted) return
  const spec = { tier, desiredState: 'Active' as const }
  const worker = await resources.workers.create({ metadata: { name }, spec })
  if (!worker) return
  events.record(worker, 'Normal', 'Created', `Made for tier ${tier}: ${why}.`)
  log.info({ worker: name, tier, why }, 'worker made')
}

async function deleteWorker({ worker: name, tier, why }: Of<'DeleteWorker'>, context: Context): Promise<void> {
  const { resources, events, log, signal } = context
  const worker = resources.workers.get(name)
  if (!worker || signal.aborted || !(await resources.workers.delete(worker))) return
  const trouble = troubleIn(resources.pods.get(name))
  events.record(worker, trouble ? 'Warning' : 'Normal', 'Removed', `Removed: ${why}${trouble}.`)
  log.info({ worker: name, tier, why: why + trouble }, 'worker removed')
}
