/**
 * Who may act, judged by nothing but what was seen to be granted: an account of its own beside the machine that grants. One
 * holder of a session at a time, epochs and generations that only rise, and nobody revoked who lives.
 */
import type { Owner, World } from '@berth/core/ownership/machine.ts'
import type { Landed } from '../postgres/history.ts'
import type { Held, Witness } from '../postgres/ownership.ts'
import type { Tables } from '../postgres/tables.ts'
import type { Process } from '../process.ts'
import type { Keys } from './keys.ts'
import { LossAccount } from './losses.ts'
import type { Violation } from './violation.ts'

/** No boot is revoked on suspicion before (core/ownership/lease.ts: 5 s, by clocks that may go two per cent wrong). */
const SILENT_MS = 4_800

interface Boot {
  podUID: string
  order: number
  isOver: boolean
  /** Of the time in which Postgres was there. */
  heardAt: number
}

interface Account {
  holder?: { boot: string; epoch: number }
  epoch: number
  generation: number
  /** Of the last claim. */
  podUID?: string
}

interface Looks {
  /** How long Postgres has been there, in milliseconds. */
  uptime(): number
  violation: Violation
  /** Does this boot's process run, and not only believe so? */
  runs(boot: string): boolean
  /** The boot of a worker's process. */
  bootOf(process: Process): string | undefined
  keys: Keys
}

export class OwnershipAccount implements Witness {
  readonly #uptime: Looks['uptime']
  readonly #violation: Violation
  readonly #runs: Looks['runs']
  readonly #keys: Keys
  readonly #bootOf: Looks['bootOf']
  readonly losses = new LossAccount()
  readonly #boots = new Map<string, Boot>()
  readonly #sessions = new Map<string, Account>()
  #apiWentBack = false
  claims = 0
  writes = 0

  constructor({ uptime, violation, runs, bootOf, keys }: Looks) {
    this.#uptime = uptime
    this.#violation = violation
    this.#runs = runs
    this.#bootOf = bootOf
    this.#keys = keys
  }

  opened(boot: string, podUID: string): void {
    this.#boots.set(boot, { podUID, order: this.#boots.size, isOver: false, heardAt: this.#uptime() })
  }

  renewed(boot: string): void {
    this.#boots.get(boot)!.heardAt = this.#uptime()
  }

  ended(boot: string): void {
    this.#over(boot)
  }

  revoked(boot: string): void {
    const silentFor = Math.round(this.#uptime() - (this.#boots.get(boot)?.heardAt ?? 0))
    if (silentFor < SILENT_MS && this.#runs(boot)) {
      this.#violation(
        'false revocation',
        `boot ${boot} was revoked, which runs and was silent for ${silentFor} ms only`,
      )
    }
    this.#over(boot)
  }

  claimed(boot: string, { sessionId, epoch, generation }: Held & { generation: number }): void {
    this.claims++
    const account = this.#of(sessionId)
    const me = this.#boots.get(boot)
    if (!me || me.isOver) this.#violation('I1', `session ${sessionId} was claimed by boot ${boot}, which is over`)
    const isTaken = account.holder && account.holder.boot !== boot && !this.#isSuperseded(account.holder.boot)
    if (isTaken)
      this.#violation('I1', `session ${sessionId} was claimed from boot ${account.holder?.boot}, which holds it`)
    if (this.losses.isOpen) this.#violation('doubt', `session ${sessionId} was claimed before Postgres was looked at`)
    if (epoch <= account.epoch) this.#violation('I2', `epoch ${epoch} of session ${sessionId} was given before`)
    const isOld = generation < account.generation
    const isShared = generation === account.generation && account.podUID !== me?.podUID
    if (isOld || isShared) this.#violation('I2', `generation ${generation} of session ${sessionId} was claimed before`)
    this.#sessions.set(sessionId, { holder: { boot, epoch }, epoch, generation, podUID: me?.podUID })
  }

  released(boot: string, { sessionId, epoch }: Held): void {
    this.#check(boot, sessionId, epoch, 'released')
    delete this.#of(sessionId).holder
  }

  wrote(boot: string, { sessionId, epoch }: Held): void {
    this.writes++
    this.#check(boot, sessionId, epoch, 'written for')
  }

  wentBack(world: World, lost: readonly Landed[]): void {
    this.losses.wentBack(lost)
    this.#believe(world)
  }

  /** What is gone without anybody who knew of it may come again. */
  confirmed({ ownership, trust }: Tables, by: Process): void {
    if (!this.losses.isOpen) return
    const hasVouched = (process: Process) => {
      const vouched = trust.vouched.get(this.#bootOf(process) ?? '')
      return vouched !== undefined && vouched === trust.confirmed
    }
    const [knew] = this.losses.confirmed(by, hasVouched)
    if (knew) this.#violation('lost unseen', `${knew.process.name} knew of a lost ${knew.what}, and nobody asked`)
    this.#keys.forgive()
    for (const [id, account] of this.#sessions) account.epoch = ownership.owners.get(id)?.epoch ?? 0
  }

  repaired(world: World): void {
    this.losses.repaired()
    this.#believe(world)
  }

  /** The Kubernetes API went back: if Postgres does too, before or after, nobody knows the highest generation. */
  apiWentBack({ owners }: World): void {
    this.#apiWentBack = true
    for (const [id, owner] of owners) this.#believeGeneration(this.#of(id), owner)
  }

  #believeGeneration(account: Account, { generation = 0, podUID }: Partial<Owner>): void {
    Object.assign(account, { generation, podUID })
  }

  /** What was granted before and is not there any more counts as never granted, but for its numbers. */
  #believe({ boots, owners }: World): void {
    for (const [id, boot] of this.#boots) boot.isOver = !boots.has(id) || boots.get(id)?.end !== undefined
    for (const id of new Set([...this.#sessions.keys(), ...owners.keys()])) {
      const account = this.#of(id)
      const owner = owners.get(id) ?? {}
      const { holder, epoch }: Partial<Owner> = owner
      if (this.#apiWentBack) this.#believeGeneration(account, owner)
      if (holder !== undefined && epoch !== undefined) account.holder = { boot: holder, epoch }
      else delete account.holder
    }
  }

  erased(sessionId: string): void {
    this.#sessions.delete(sessionId)
  }

  #check(boot: string, sessionId: string, epoch: number, what: string): void {
    const { holder } = this.#of(sessionId)
    if (holder?.boot === boot && holder.epoch === epoch && !this.#boots.get(boot)?.isOver) return
    this.#violation('I1', `session ${sessionId} was ${what} by boot ${boot}, epoch ${epoch}, which does not hold it`)
  }

  /** A newer boot of its pod has opened: then its process is dead, and that one need not be who takes what it held. */
  #isSuperseded(boot: string): boolean {
    const { podUID, order } = this.#boots.get(boot)!
    return [...this.#boots.values()].some((other) => other.podUID === podUID && other.order > order)
  }

  #over(boot: string): void {
    const known = this.#boots.get(boot)
    if (known) known.isOver = true
    for (const account of this.#sessions.values()) if (account.holder?.boot === boot) delete account.holder
  }

  #of(sessionId: string): Account {
    const known = this.#sessions.get(sessionId) ?? { epoch: 0, generation: 0 }
    this.#sessions.set(sessionId, known)
    return known
  }
}
