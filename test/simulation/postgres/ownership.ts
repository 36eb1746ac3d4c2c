/** Leases, claims and commits, as the functions of Postgres do them; whoever looks on is told what was done. */
import { epochFloor } from '@berth/core/ownership/database.ts'
import * as machine from '@berth/core/ownership/machine.ts'
import type { Process } from '../process.ts'
import type { Landed } from './history.ts'
import type { Tables } from './tables.ts'
import { doubtOf } from './trust.ts'

export interface Held {
  sessionId: string
  epoch: number
}

interface Claimed {
  epoch: number
  tenantId: string
  distrusted: boolean
}

/** What is told to those who look on, after it was done. */
export interface Witness {
  opened(boot: string, podUID: string): void
  renewed(boot: string): void
  ended(boot: string): void
  revoked(boot: string): void
  claimed(boot: string, claim: Held & { generation: number }): void
  released(boot: string, held: Held): void
  /** A commit of the boot was accepted for a session. */
  wrote(boot: string, held: Held): void
  /** The database went back: what these did is not there any more. */
  wentBack(world: machine.World, lost: readonly Landed[]): void
  /** This operator found that nothing is missing. */
  confirmed(tables: Tables, by: Process): void
  /** The database went back and was repaired: boots are over, sessions free, as they are now. */
  repaired(world: machine.World): void
  /** A session's row is gone, and all that hung on it. */
  erased(sessionId: string): void
}

export class OwnershipFunctions {
  readonly tables: () => Tables
  readonly witness: Witness

  constructor(tables: () => Tables, witness: Witness) {
    this.tables = tables
    this.witness = witness
  }

  open(bootId: string, podUID: string, worker: string, address: string): void {
    const tables = this.tables()
    if (tables.leases.has(bootId)) return
    this.#set(machine.open(tables.ownership, bootId, podUID))
    tables.leases.set(bootId, { bootNumber: tables.leases.size + 1, worker, address })
    tables.commits.set(bootId, 0)
    this.witness.opened(bootId, podUID)
  }

  renew(bootId: string): boolean {
    const [world, alive] = machine.renew(this.tables().ownership, bootId)
    this.tables().ownership = world
    if (alive) this.witness.renewed(bootId)
    return alive
  }

  end(bootId: string): void {
    this.#set(machine.end(this.tables().ownership, bootId))
    this.witness.ended(bootId)
  }

  revoke(bootId: string, seen: number): boolean {
    const [world, revoked] = machine.revoke(this.tables().ownership, bootId, seen)
    this.#set(world)
    if (revoked) this.witness.revoked(bootId)
    return revoked
  }

  claim(bootId: string, sessionId: string, generation: number): Claimed | undefined {
    const tables = this.tables()
    const session = tables.sessions.get(sessionId)
    if (!session || session.deleted || doubtOf(tables)) return undefined
    const [world, claimed] = machine.claim(tables.ownership, bootId, sessionId, generation)
    this.#set(world)
    if (!claimed) return undefined
    this.witness.claimed(bootId, { sessionId, epoch: claimed.epoch, generation })
    const distrusted = world.owners.get(sessionId)?.distrusted ?? false
    return { tenantId: session.tenantId, epoch: claimed.epoch, distrusted }
  }

  release(bootId: string, { sessionId, epoch }: Held): boolean {
    const [world, released] = machine.release(this.tables().ownership, bootId, sessionId, epoch)
    this.#set(world)
    if (released) this.witness.released(bootId, { sessionId, epoch })
    return released
  }

  owns(bootId: string, { sessionId, epoch }: Held): boolean {
    return machine.mayWrite(this.tables().ownership, bootId, sessionId, epoch)
  }

  /** Whatever the epoch: what reads ask. */
  holds(bootId: string, sessionId: string): boolean {
    return this.tables().ownership.owners.get(sessionId)?.holder === bootId
  }

  heldClaims(bootId: string): Held[] {
    return machine.heldClaims(this.tables().ownership, bootId)
  }

  wantedElsewhere(bootId: string): string[] {
    return machine.wantedElsewhere(this.tables().ownership, bootId)
  }

  leftBehind(bootId: string): { sessionId: string; generation: number; linkingAttempt: number }[] {
    const { ownership, sessions, tenants, credentials } = this.tables()
    return machine.leftBehind(ownership, bootId).flatMap(({ sessionId, generation }) => {
      const session = sessions.get(sessionId)
      const credential = credentials.get(sessionId)
      const runs = session?.desiredState === 'Running' && !session.deleted
      if (!runs || !credential || tenants.get(session.tenantId)?.state !== 'Active') return []
      return [{ sessionId, generation, linkingAttempt: credential.linkingAttempt }]
    })
  }

  /** The sessions whose fence held; undefined: the number is not the next one. */
  commit(bootId: string, number: number, sessions: readonly Held[]): Held[] | undefined {
    const { commits } = this.tables()
    if (commits.get(bootId) !== number - 1) return undefined
    commits.set(bootId, number)
    const held = sessions.filter((session) => this.owns(bootId, session))
    for (const session of held) this.witness.wrote(bootId, session)
    return held
  }

  /** What had to be made new is new and durable. */
  trust(bootId: string, { sessionId, epoch }: Held): void {
    this.#set(machine.trust(this.tables().ownership, bootId, sessionId, epoch))
  }

  erase(sessionId: string): void {
    const tables = this.tables()
    const owners = new Map(tables.ownership.owners)
    owners.delete(sessionId)
    this.#set({ ...tables.ownership, owners })
    this.witness.erased(sessionId)
  }

  add(sessionId: string): void {
    const { ownership, trust } = this.tables()
    const owner = { ...machine.unclaimed, epoch: epochFloor(trust.incarnation) }
    this.#set({ ...ownership, owners: new Map(ownership.owners).set(sessionId, owner) })
  }

  #set(world: machine.World): void {
    const tables = this.tables()
    if (tables.ownership.owners !== world.owners) tables.marks.owners++
    tables.ownership = world
  }
}
