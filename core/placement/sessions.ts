/** Binds sessions to the worker of their tenant, and takes the places of those that must not run. */
import { isClaimable, nextGeneration } from '../ownership/generation.ts'
import type { Action } from './action.ts'
import type { Party, Refusal } from './admission.ts'
import type { Floor } from './floor.ts'
import type { Pace } from './pace.ts'
import { workerFull } from './reasons.ts'
import type { Reason, SessionView, WorkerView } from './snapshot.ts'
import type { Update } from './update.ts'

/** Removes the places of the refused. */
export function unplace(refused: readonly Refusal[], floor: Floor): Action[] {
  return refused.flatMap(({ session, reason }): Action[] => {
    if (!session.placement) return []
    const from = session.placement.worker
    floor.seats.unseat(from, session)
    return [{ do: 'Unplace', session: session.name, from, why: reason.reason }]
  })
}

/** Of a tier: whose turn it is to leave a worker that works. */
export interface Turns {
  update: Update
  pace: Pace
}

/** Places a tenant's sessions on its worker; those that don't fit get a reason. Some wait where they are for their turn. */
export function place(
  party: Party,
  worker: WorkerView,
  floor: Floor,
  { update, pace }: Turns,
  reasons: Map<string, Reason>,
): Action[] {
  const actions: Action[] = []
  for (const session of party.sessions) {
    const { name, placement, owner } = session
    const from = floor.get(placement?.worker)
    const mayStay = update.mayStay(from, worker, party.tenant.name)
    const isTurn = mayStay && update.takeTurn(session, from, worker)
    const stays = mayStay ? !isTurn : isWorkingOn(from, session) && from !== worker && !pace.take()
    const to = stays ? from! : worker
    const awaited = isTurn ? update.awaits(session) : update.isBack(session) ? undefined : placement?.awaited

    const isThere = placement?.worker === to.name && placement.podUID === to.podUID
    if (isThere && isClaimable(placement, owner)) {
      if (update.isBack(session)) actions.push({ do: 'Welcome', session: name })
      continue
    }
    if (!isThere && floor.sessionsOn(to) >= party.tier.sessionsPerWorker) {
      reasons.set(name, workerFull(to.name, party.tier))
      continue
    }
    actions.push({
      do: 'Place',
      session: name,
      tenant: party.tenant.name,
      placement: {
        worker: to.name,
        podUID: to.podUID!,
        generation: nextGeneration(placement, owner?.podUID ? { ...owner, podUID: owner.podUID } : owner),
        ...(awaited ? { awaited } : {}),
      },
      ...(placement && !isThere ? { from: placement.worker } : {}),
      why: isThere ? 'its generation was overtaken' : placement ? whyMoved(from, party, isTurn) : 'it had no place',
    })
    floor.seats.seat(to.name, session)
  }
  return actions
}

/** It runs there. */
const isWorkingOn = (worker: WorkerView | undefined, { owner }: SessionView): boolean =>
  worker !== undefined && owner?.heldBy === worker.name && (worker.phase === 'Ready' || worker.phase === 'Unsure')

/** For the event: why a session does not stay where it is. */
function whyMoved(from: WorkerView | undefined, { tier, tenant }: Party, isTurn: boolean): string {
  if (isTurn) return `its worker has an older template than tier ${tier.name}`
  if (!from || from.phase === 'Gone') return 'its worker is gone'
  if (from.phase === 'Lost') return 'its worker died or fell silent'
  if (from.phase === 'Leaving') return "its worker's pod is being deleted"
  if (from.deleting) return 'its worker is being deleted'
  if (from.desiredState === 'Drained') return 'its worker is being drained'
  if (from.tier !== tier.name) return `its tenant has moved to tier ${tier.name}`
  if (tenant.worker === from.name) return 'its worker is over its target'
  return `the worker of its tenant ${tenant.name} is another one`
}
