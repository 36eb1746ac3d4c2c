/**
 * Who sits on which worker.
 *
 * A tenant holds a slot of a worker when it is its target, when a session of it is placed there, or when one is still held by
 * a boot of it: while a tenant moves, both slots are taken until its last session has left the old worker.
 */
import type { Household } from './admission.ts'
import type { SessionView } from './snapshot.ts'

export interface Load {
  tenants: Set<string>
  /** Session → its tenant. */
  sessions: Map<string, string>
}

const NOBODY: Load = { tenants: new Set(), sessions: new Map() }

export class Seats {
  /** By worker; also of workers that are gone while anybody is said to be there. */
  readonly load = new Map<string, Load>()
  readonly #onChange: (worker: string) => void
  /** What takes a plan's changes back; undefined: none of them are kept. */
  #undo: (() => void)[] | undefined

  /** `onChange` is told of workers whose load has changed, except for sessions that a plan seats. */
  constructor(onChange: (worker: string) => void) {
    this.#onChange = onChange
  }

  /** To be read. */
  of(worker: string): Load {
    return this.load.get(worker) ?? NOBODY
  }

  #on(worker: string): Load {
    const known = this.load.get(worker)
    if (known) return known
    const load = { tenants: new Set<string>(), sessions: new Map<string, string>() }
    this.load.set(worker, load)
    return load
  }

  /** A household as it is now takes its seats. */
  enter({ name, tenant, sessions }: Household): void {
    if (tenant?.worker) this.reserve(tenant.worker, name)
    for (const session of sessions) {
      for (const worker of seatsOf(session)) {
        this.seat(worker, session)
        this.#onChange(worker)
      }
    }
  }

  /** Takes back what `enter` did with the same household. */
  leave(household: Household): void {
    for (const worker of placesOf(household)) {
      const load = this.#on(worker)
      load.tenants.delete(household.name)
      for (const { name } of household.sessions) load.sessions.delete(name)
      if (load.tenants.size === 0 && load.sessions.size === 0) this.load.delete(worker)
      this.#onChange(worker)
    }
  }

  /** From now on it can be taken back what is done. */
  record(): void {
    this.#undo = []
  }

  /** As it was when recording began, which ends. */
  reset(): void {
    for (const takeBack of this.#undo?.reverse() ?? []) takeBack()
    this.#undo = undefined
  }

  /** The tenant's slot on its target. */
  reserve(worker: string, tenant: string): void {
    const { tenants } = this.#on(worker)
    if (tenants.has(tenant)) return
    this.#change(
      worker,
      () => tenants.add(tenant),
      () => tenants.delete(tenant),
    )
  }

  /** Gives the tenant's slot back, unless a session of it is still there. */
  unreserve(worker: string, { name, sessions: own }: Household): void {
    const { tenants, sessions } = this.#on(worker)
    if (!tenants.has(name) || own.some((session) => sessions.has(session.name))) return
    this.#change(
      worker,
      () => tenants.delete(name),
      () => tenants.add(name),
    )
  }

  seat(worker: string, { name, tenant }: Pick<SessionView, 'name' | 'tenant'>): void {
    this.reserve(worker, tenant)
    const { sessions } = this.#on(worker)
    if (sessions.has(name)) return
    // Not told: sessions get their seats when nobody is looking for a worker any more.
    sessions.set(name, tenant)
    this.#undo?.push(() => sessions.delete(name))
  }

  /** A placement is removed; while a boot holds the session, its seat stays taken. The target keeps its slot. */
  unseat(worker: string, { name, tenant, owner }: SessionView): void {
    const { sessions } = this.#on(worker)
    if (owner?.heldBy === worker || !sessions.has(name)) return
    this.#change(
      worker,
      () => sessions.delete(name),
      () => sessions.set(name, tenant),
    )
  }

  #change(worker: string, act: () => void, takeBack: () => void): void {
    act()
    this.#onChange(worker)
    this.#undo?.push(() => {
      takeBack()
      this.#onChange(worker)
    })
  }
}

/** Workers where a session takes up room. */
const seatsOf = ({ placement, owner }: SessionView): string[] => {
  if (!placement) return owner?.heldBy ? [owner.heldBy] : []
  return owner?.heldBy && owner.heldBy !== placement.worker ? [placement.worker, owner.heldBy] : [placement.worker]
}

/** Workers where a household takes up room. */
export const placesOf = ({ tenant, sessions }: Household): Set<string> =>
  new Set([...(tenant?.worker ? [tenant.worker] : []), ...sessions.flatMap(seatsOf)])
