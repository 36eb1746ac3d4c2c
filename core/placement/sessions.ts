/** Binds sessions to the worker of their tenant, and takes the places of those that must not run. */
import { isClaimable, nextGeneration } from '../ownership/generation.ts'
import type { Action } from './action.ts'
import type { Party } from './admission.ts'
import type { Floor } from './floor.ts'
import { workerFull } from './reasons.ts'
import type { Reason, SessionView, WorkerView } from './snapshot.ts'
import { byName } from './sort.ts'

/** Removes the places of the refused. */
export function unplace(
  sessions: readonly SessionView[],
  refused: ReadonlyMap<string, Reason>,
  floor: Floor,
): Action[] {
  const actions: Action[] = []
  for (const session of [...sessions].sort(byName)) {
    const reason = refused.get(session.name)
    if (!session.placement || !reason) continue
    const from = session.placement.worker
    actions.push({ do: 'Unplace', session: session.name, from, why: reason.reason })
    floor.unseat(from, session)
  }
  return actions
}

/** Places a tenant's sessions on its worker; those that don't fit get a reason. */
export function place(party: Party, worker: WorkerView, floor: Floor, reasons: Map<string, Reason>): Action[] {
  const actions: Action[] = []
  for (const session of party.sessions) {
    const { name, placement, owner } = session
    const isThere = placement?.worker === worker.name && placement.podUID === worker.podUID
    if (isThere && isClaimable(placement, owner)) continue
    if (!isThere && floor.sessionsOn(worker) >= party.tier.sessionsPerWorker) {
      reasons.set(name, workerFull(worker.name, party.tier))
      continue
    }
    const from = isThere ? undefined : placement?.worker
    actions.push({
      do: 'Place',
      session: name,
      tenant: party.tenant.name,
      placement: {
        worker: worker.name,
        podUID: worker.podUID!,
        generation: nextGeneration(placement, owner?.podUID ? { ...owner, podUID: owner.podUID } : owner),
      },
      ...(from ? { from } : {}),
      why: isThere ? 'its generation was overtaken' : from ? whyMoved(floor.get(from), party) : 'it had no place',
    })
    floor.seat(worker.name, session)
  }
  return actions
}

/** For the event: why a session does not stay where it is. */
function whyMoved(from: WorkerView | undefined, { tier, tenant }: Party): string {
  if (!from || from.phase === 'Gone') return 'its worker is gone'
  if (from.phase === 'Lost') return 'its worker died or fell silent'
  if (from.phase === 'Leaving') return "its worker's pod is being deleted"
  if (from.deleting) return 'its worker is being deleted'
  if (from.desiredState === 'Drained') return 'its worker is being drained'
  if (from.tier !== tier.name) return `its tenant has moved to tier ${tier.name}`
  return `the worker of its tenant ${tenant.name} is another one`
}
