/**
 * The rolling update of a tier's workers: those whose pods were made from another template than the tier has now
 * (*outdated*) are replaced, session by session.
 *
 * Spares first → then one worker after another is emptied (`maxSurge` at the same time) → an empty one goes, when what takes
 * its place is ready (workers.ts). A worker is emptied tenant by tenant: the tenant's target becomes a ready worker of
 * the present template; its sessions follow one by one, each when it is its *turn*. A turn is free while fewer than
 * `maxMoving` sessions are on their way. A session is *back* when its new worker has claimed it, and it is connected
 * if it was before; until then its placement says so (`awaited`), for the next leader as well.
 *
 * The update stalls, which means that no turn comes and no worker is made or removed for it, while `failureThreshold` moved
 * sessions are not back in time, or a new worker is not ready in time. What has moved stays where it is; whoever
 * needs a place meanwhile rather gets one of the old workers. It goes on by itself when they are back, or ready.
 *
 * Nothing remembers what the template was before: going back to it, or on to a third one, is an update like any
 * other, in which sessions that are not back from the last one come first.
 */
import type { Party } from './admission.ts'
import type { Floor, TemplateChoice } from './floor.ts'
import type { Awaited, SessionView, TierView, WorkerView } from './snapshot.ts'
import { byName, byText, trueFirst } from './sort.ts'

export type Stall = 'SessionsMissing' | 'WorkersNotReady'

export interface UpdateProgress {
  /** Workers with pods of another template. */
  outdated: number
  /** Sessions that were moved and have time left to be back. */
  moving: string[]
  /** Moved sessions that were not back in time. */
  missing: string[]
  /** Workers of the present template that were not ready in time. */
  unready: string[]
  /** Why it does not go on. */
  stall?: Stall
}

/** Tenant → where its sessions belong. */
type Targets = ReadonlyMap<string, WorkerView>
/** Assigns the tenant to the worker. */
type Settle = (party: Party, worker: WorkerView) => void

export class Update {
  readonly tier: TierView
  readonly outdated: readonly WorkerView[]
  readonly progress: UpdateProgress
  /** Outdated workers that are being emptied. */
  readonly emptying = new Set<string>()
  /** How many of them need a new worker for what is still there. */
  withoutRoom = 0
  readonly #floor: Floor
  /** Those of the tier that are there. */
  readonly #workers: readonly WorkerView[]
  /** How many more they are than the tier may have. */
  readonly #excess: number
  readonly #now: number
  /** Workers with sessions that belong elsewhere. */
  readonly #leftBy: ReadonlySet<string>
  /** Sessions on outdated workers that were not moved for this template yet. */
  readonly #hasUntried: boolean
  #turns: number

  constructor(tier: TierView, parties: readonly Party[], floor: Floor, now: number) {
    this.tier = tier
    this.#floor = floor
    this.#now = now
    const workers = floor.workersOf(tier.name).filter(({ deleting }) => !deleting)
    this.#workers = workers.filter(isThere)
    this.#excess = this.#workers.length - (tier.workers.replicas ?? tier.workers.max)
    this.outdated = this.#workers.filter((worker) => floor.isOutdated(worker))
    const { maxMoving, failureThreshold } = tier.update
    const awaited = parties.flatMap(({ sessions }) => sessions.filter((session) => this.#awaitedOf(session)))
    const [late, inTime] = split(awaited, ({ placement }) => this.#isLate(placement!.awaited!.since))
    const missing = late.filter(({ placement }) => placement!.awaited!.revision === tier.revision)
    const unready = workers.filter((worker) => {
      const isExpected = isThere(worker) || (worker.phase === 'Lost' && !floor.isUsed(worker))
      return isExpected && !floor.isOutdated(worker) && this.#isLate(worker.unreadySince)
    })
    const stall =
      missing.length >= failureThreshold ? 'SessionsMissing' : unready.length > 0 ? 'WorkersNotReady' : undefined
    this.progress = {
      outdated: this.outdated.length,
      moving: namesOf(inTime),
      missing: namesOf(missing),
      unready: namesOf(unready),
      ...(stall && this.outdated.length > 0 ? { stall } : {}),
    }
    this.#leftBy = new Set(
      parties.flatMap(({ tenant, sessions }) =>
        sessions.flatMap(({ placement }) =>
          placement && placement.worker !== tenant.worker ? [placement.worker] : [],
        ),
      ),
    )
    this.#hasUntried = parties.some(({ tenant, sessions }) =>
      sessions.some((session) => this.#isLeft(session, tenant.name) && this.#isUntried(session)),
    )
    this.#turns = Math.max(0, maxMoving - inTime.length)
  }

  /** There is something to replace, and it goes on. */
  get isActive(): boolean {
    return this.outdated.length > 0 && !this.progress.stall
  }

  /** Where a tenant without a worker goes: to what is known to work. */
  get choice(): TemplateChoice {
    return this.progress.stall === 'SessionsMissing' ? 'prefer outdated' : 'prefer current'
  }

  /**
   * May it take a tenant without a worker? While the tier has more workers than its limit, the excess is for those who
   * are here already, and nobody comes to where they leave: else the update could neither end nor be undone.
   */
  mayTake(worker: WorkerView): boolean {
    if (this.#excess <= 0 || this.outdated.length === 0) return true
    if (this.#leftBy.has(worker.name) || (this.isActive && this.#floor.isOutdated(worker))) return false
    return !this.#floor.isEmpty(worker) || this.#workers.filter((one) => this.#floor.isEmpty(one)).length > this.#excess
  }

  /** Gives tenants of outdated workers a new target, as far as turns are free. */
  renew(parties: readonly Party[], targets: Targets, settle: Settle): void {
    if (!this.isActive) return
    const isOutdated = ({ tenant }: Party) => this.outdated.includes(targets.get(tenant.name)!)
    const staying = parties.filter((party) => isOutdated(party) && !this.#isHeldBack(party))
    const leaving = parties.filter((party) => targets.has(party.tenant.name) && !isOutdated(party))
    const begun = this.#begunOn(leaving)
    let wanted = leaving.flatMap((party) => this.#candidates(party)).length
    let stuck = 0
    for (const worker of this.#toEmpty(begun, staying, targets)) {
      if (this.emptying.size === this.tier.update.maxSurge) break
      const here = staying.filter(({ tenant }) => targets.get(tenant.name) === worker)
      let [isEmptied, lacksRoom] = [begun.has(worker.name), false]
      for (const party of this.#inOrder(here)) {
        const candidates = this.#candidates(party).length
        if (wanted >= this.#turns && candidates > 0) continue
        const target = this.#floor.choose(party, 'prefer current', (to) => !this.#floor.isOutdated(to))
        lacksRoom = target === undefined
        if (!target) break
        settle(party, target)
        wanted += candidates
        isEmptied = true
      }
      if (isEmptied) this.emptying.add(worker.name)
      if (isEmptied && lacksRoom) this.withoutRoom++
      if (!isEmptied && lacksRoom) stuck++
    }
    this.withoutRoom += Math.min(stuck, this.tier.update.maxSurge - this.emptying.size)
  }

  /** Is it the session's turn to leave the worker where it works? */
  takeTurn(session: SessionView, from: WorkerView, to: WorkerView): boolean {
    if (!this.isActive || !this.#isSteady(from) || to.phase !== 'Ready') return false
    if (!this.#isCandidate(session) || this.#floor.isOutdated(to)) return false
    // On its way for another template: it only changes its direction.
    if (this.#isMoving(session)) return true
    if (this.#turns === 0) return false
    this.#turns--
    return true
  }

  /** May a session stay where it works, though it belongs on `target`? Between workers of different templates it may. */
  mayStay(worker: WorkerView | undefined, target: WorkerView, tenant: string): worker is WorkerView {
    if (worker === undefined || worker === target || !this.#floor.suits(worker, this.tier, tenant)) return false
    return this.#floor.isOutdated(worker) || this.#floor.isOutdated(target)
  }

  /** What a session that takes its turn has to be again. */
  awaits({ connected }: SessionView): Awaited {
    return { state: connected ? 'Connected' : 'Claimed', revision: this.tier.revision, since: this.#now }
  }

  /** Was it moved, and is it what it was before? On an outdated worker it is not, if it was moved for this update. */
  isBack(session: SessionView): boolean {
    return session.placement?.awaited !== undefined && this.#awaitedOf(session) === undefined
  }

  /** What it still has to be again. */
  #awaitedOf({ placement, owner, connected }: SessionView): Awaited | undefined {
    const awaited = placement?.awaited
    if (!awaited) return undefined
    const held = owner?.heldBy === placement.worker && owner.podUID === placement.podUID
    const worker = this.#floor.get(placement.worker)
    const wentBack = awaited.revision === this.tier.revision && worker !== undefined && this.#floor.isOutdated(worker)
    return held && !wentBack && (connected || awaited.state === 'Claimed') ? undefined : awaited
  }

  #isMoving(session: SessionView): boolean {
    const awaited = this.#awaitedOf(session)
    return awaited !== undefined && !this.#isLate(awaited.since)
  }

  #isLate(since: number | undefined): boolean {
    return since !== undefined && this.#now - since >= this.tier.update.deadlineMs
  }

  /** It is ready, or has not been for so long that nobody need wait for that. */
  #isSteady({ phase, unreadySince }: WorkerView): boolean {
    return phase === 'Ready' || (phase === 'Unsure' && this.#isLate(unreadySince))
  }

  /** Sessions that wait for their turn. */
  #candidates({ tenant, sessions }: Party): SessionView[] {
    return sessions.filter((session) => this.#isLeft(session, tenant.name) && this.#isCandidate(session))
  }

  /** What is left of it on outdated workers is not to be tried again now. */
  #isHeldBack(party: Party): boolean {
    const isLeft = party.sessions.some((session) => this.#isLeft(session, party.tenant.name))
    return isLeft && this.#candidates(party).length === 0
  }

  /** It works on an outdated worker. */
  #isLeft({ placement }: SessionView, tenant: string): boolean {
    const worker = this.#floor.get(placement?.worker)
    return worker !== undefined && this.#floor.isOutdated(worker) && this.#floor.suits(worker, this.tier, tenant)
  }

  /** One that was moved for this template, and fell back to an old worker, is tried again when nothing else is left. */
  #isCandidate(session: SessionView): boolean {
    return this.#isUntried(session) || (!this.#hasUntried && !this.#isMoving(session))
  }

  #isUntried(session: SessionView): boolean {
    return this.#awaitedOf(session)?.revision !== this.tier.revision
  }

  /** Outdated workers that tenants are leaving, or that have not let go of sessions that left. */
  #begunOn(leaving: readonly Party[]): Set<string> {
    const holders = leaving.flatMap((party) => [
      ...this.#candidates(party).map(({ placement }) => placement!.worker),
      ...party.sessions.flatMap(({ placement, owner }) => {
        return owner?.heldBy && owner.heldBy !== placement?.worker ? [owner.heldBy] : []
      }),
    ])
    return new Set(holders.filter((name) => this.outdated.some((worker) => worker.name === name)))
  }

  /** Those on which it has begun, then those with the fewest sessions; none before every empty one is replaced. */
  #toEmpty(begun: ReadonlySet<string>, staying: readonly Party[], targets: Targets): WorkerView[] {
    const hasEmpty = this.outdated.some((worker) => this.#floor.isEmpty(worker))
    // Who is not back from the last change waits for nothing.
    const due = hasEmpty ? staying.filter((party) => this.#isHurt(party)) : staying
    const occupied = new Set(due.map(({ tenant }) => targets.get(tenant.name)!.name))
    return this.outdated
      .filter((worker) => this.#isSteady(worker) && (begun.has(worker.name) || occupied.has(worker.name)))
      .sort(
        (a, b) =>
          trueFirst(begun.has(a.name), begun.has(b.name)) ||
          this.#floor.sessionsOn(a) - this.#floor.sessionsOn(b) ||
          byName(a, b),
      )
  }

  #inOrder(parties: readonly Party[]): Party[] {
    return parties.toSorted((a, b) => trueFirst(this.#isHurt(a), this.#isHurt(b)) || byName(a.tenant, b.tenant))
  }

  /** It has a session that is not back from an update before this one. */
  #isHurt({ sessions }: Party): boolean {
    return sessions.some((session) => this.#awaitedOf(session) !== undefined)
  }
}

/** Its process is there, or may be. */
const isThere = ({ phase }: WorkerView): boolean => phase !== 'Lost' && phase !== 'Leaving' && phase !== 'Gone'

const namesOf = (items: readonly { name: string }[]): string[] => items.map(({ name }) => name).sort(byText)

/** Those that pass the test, and the others. */
export function split<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))]
}
