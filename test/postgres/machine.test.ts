/**
 * The machine of core/ownership and the functions of Postgres are the same: random histories of two pods' boots, two
 * operators and their views, which may be as old as you like, are driven through both and compared after each step.
 */
import { randomUUID } from 'node:crypto'
import { nextIncarnation } from '@berth/core/ownership/database.ts'
import { isClaimable, nextGeneration, type Placed } from '@berth/core/ownership/generation.ts'
import * as machine from '@berth/core/ownership/machine.ts'
import { writeCommit } from '@berth/core/postgres/commit.ts'
import * as database from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { databaseDoubt, readTrust, reportWentBack, trustSession, vouch } from '@berth/core/postgres/trust.ts'
import type { Lead } from '@berth/operator/database.ts'
import { PostgresLead } from '@berth/operator/lead.ts'
import { poll } from '@berth/operator/poll.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pools, startPools } from './pools.ts'
import { seedSession } from './seed.ts'

/** Some seconds; with BERTH_FULL=1 some minutes. */
const HISTORIES = process.env.BERTH_FULL ? 3_000 : 45
const PODS = ['a', 'b'] as const
const HOME = 'home'
const OPERATORS = [0, 1] as const
/** Of a pod's boots the newest (0), or one before it: it may be a process that does not know yet that it is over. */
const AGES = [0, 0, 0, 1] as const

type Pod = (typeof PODS)[number]
type Operation =
  /** A process starts in the pod; the one before may still be there. */
  | { do: 'open'; pod: Pod }
  /** `resume`: it takes what an earlier boot of its pod held, as long as it can't ask Kubernetes. */
  | { do: 'renew' | 'end' | 'release' | 'commit' | 'resume' | 'vouch' | 'trust'; pod: Pod; age: number }
  /** `fresh`: the pod that the resource names looks and claims; else this one does, by what it saw last. */
  | { do: 'claim'; pod: Pod; age: number; fresh: boolean }
  /** `fresh`: the operator reads everything now; else it goes by what it read last. */
  | { do: 'place'; operator: number; pod: Pod; fresh: boolean }
  | { do: 'revoke'; operator: number; pod: Pod; fresh: boolean }
  /** The database is in doubt, and what comes of it; `fresh`: the session is proven by its placement. */
  | { do: 'doubt' | 'confirm' | 'repair'; database: true; fresh: boolean }

const pod = fc.constantFrom(...PODS)
const age = fc.constantFrom(...AGES)
const operator = fc.constantFrom(...OPERATORS)
const fresh = fc.constantFrom(true, true, true, false)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), pod }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'renew' as const,
        'end' as const,
        'release' as const,
        'commit' as const,
        'resume' as const,
        'vouch' as const,
        'trust' as const,
      ),
      pod,
      age,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('resume' as const), pod, age }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('claim' as const), pod, age, fresh }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('place' as const), operator, pod, fresh }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke' as const), operator, pod, fresh }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('doubt' as const, 'confirm' as const, 'repair' as const),
      database: fc.constant(true as const),
      fresh,
    }),
  },
)

/** Placed, claimed, taken up by the next boot, wished for by the other pod, and not given. */
const EXAMPLE: Operation[] = [
  { do: 'place', operator: 0, pod: 'a', fresh: true },
  { do: 'claim', pod: 'a', age: 0, fresh: true },
  { do: 'open', pod: 'a' },
  { do: 'resume', pod: 'a', age: 0 },
  { do: 'place', operator: 0, pod: 'b', fresh: true },
  { do: 'claim', pod: 'b', age: 0, fresh: true },
  { do: 'claim', pod: 'b', age: 0, fresh: true },
]

/** Held by who vouches, then by who does not, then claimed anew and trusted. */
const WENT_BACK: Operation[] = [
  { do: 'place', operator: 0, pod: 'a', fresh: true },
  { do: 'claim', pod: 'a', age: 0, fresh: true },
  { do: 'doubt', database: true, fresh: true },
  { do: 'claim', pod: 'a', age: 0, fresh: true },
  { do: 'vouch', pod: 'a', age: 0 },
  { do: 'repair', database: true, fresh: true },
  { do: 'commit', pod: 'a', age: 0 },
  { do: 'doubt', database: true, fresh: true },
  { do: 'repair', database: true, fresh: true },
  { do: 'commit', pod: 'a', age: 0 },
  { do: 'open', pod: 'a' },
  { do: 'claim', pod: 'a', age: 0, fresh: true },
  { do: 'trust', pod: 'a', age: 0 },
]

let postgres: Pools
let operators: Pool
let workers: Pool

beforeAll(async () => {
  postgres = await startPools()
  ;({ operator: operators, worker: workers } = postgres)
})
afterAll(() => postgres.close())

interface Process {
  bootId: string
  /** What it believes to hold. */
  epoch?: number
  commits: number
}

interface View {
  placement?: Placed | undefined
  owner?: machine.Owner
  boots: Awaited<ReturnType<typeof poll>>['leases']
}

/** One session, as the machine has it, as Postgres has it, and as all who act see it. */
class History {
  world: machine.World
  readonly #sessionId: string
  readonly #lead: Lead
  readonly #processes: Record<Pod, Process[]> = { a: [], b: [] }
  readonly #podUids: Record<Pod, string> = { a: randomUUID(), b: randomUUID() }
  /** The resource's. */
  #placement: Placed | undefined
  readonly #seenBy: Partial<Record<Pod, Placed | undefined>> = {}
  readonly #views: View[] = OPERATORS.map(() => ({ boots: [] }))

  private constructor(sessionId: string, lead: Lead) {
    this.#sessionId = sessionId
    this.#lead = lead
    this.world = { boots: new Map(), owners: new Map([[sessionId, machine.unclaimed]]) }
  }

  /** Both pods run, nothing is placed, and a process that has ended left a credential behind: without it nothing could run. */
  static async begin(): Promise<History> {
    const { sessionId } = await seedSession(operators, { tenant: `t-${randomUUID()}` })
    const history = new History(sessionId, await PostgresLead.take(operators))
    await history.#lead.trust.confirm(await databaseDoubt(workers), HOME)
    for (const name of ['a', ...PODS] as const) await history.#open(name)
    const [first] = history.#processes.a as [Process]
    await history.#claimUnder(nextGeneration(undefined, history.owner), 'a', first)
    await history.#act('commit', first)
    await history.#act('end', first)
    for (const operator of OPERATORS) await history.#read(operator)
    return history
  }

  get owner(): machine.Owner {
    return this.world.owners.get(this.#sessionId)!
  }

  async do(operation: Operation): Promise<void> {
    if ('database' in operation) return this.#answer(operation)
    if ('operator' in operation) return this.#operate(operation)
    if (operation.do === 'open') return this.#open(operation.pod)
    const name = operation.do === 'claim' && operation.fresh ? this.#look() : operation.pod
    const process = this.#processes[name].at(-1 - operation.age)
    if (!process) return
    if (operation.do === 'claim') await this.#claim(name, process)
    else if (operation.do === 'resume') await this.#resume(name, process)
    else await this.#act(operation.do, process)
  }

  async #open(name: Pod): Promise<void> {
    const bootId = randomUUID()
    const podUid = this.#podUids[name]
    this.#processes[name].push({ bootId, commits: 0 })
    await database.openLease(workers, { bootId, podUid, worker: name, address: '-' })
    this.world = machine.open(this.world, bootId, podUid)
  }

  /** The pod that the resource names sees it. */
  #look(): Pod {
    const name = PODS.find((one) => this.#podUids[one] === this.#placement?.podUID) ?? 'a'
    this.#seenBy[name] = this.#placement
    return name
  }

  async #claim(name: Pod, process: Process): Promise<void> {
    const seen = this.#seenBy[name]
    if (seen?.podUID === this.#podUids[name]) await this.#claimUnder(seen.generation, name, process)
  }

  async #resume(name: Pod, process: Process): Promise<void> {
    const [found] = await database.leftBehind(workers, process.bootId)
    const left = machine.leftBehind(this.world, process.bootId)
    expect(found ? [{ sessionId: found.sessionId, generation: found.generation }] : []).toEqual(left)
    if (found) await this.#claimUnder(found.generation, name, process)
  }

  async #claimUnder(generation: number, name: Pod, process: Process): Promise<void> {
    const { bootId } = process
    const { holder } = this.owner
    const [claimed] = await database.claim(workers, bootId, [{ sessionId: this.#sessionId, generation }])
    // Never from a living holder, but from a boot of the same pod.
    if (claimed && holder) expect(this.#processes[name].map((one) => one.bootId)).toContain(holder)
    const answer = this.#step(machine.claim(this.world, bootId, this.#sessionId, generation))
    expect(claimed?.epoch).toBe(answer?.epoch)
    if (claimed) expect(claimed.distrusted).toBe(this.owner.distrusted ?? false)
    if (claimed) process.epoch = claimed.epoch
  }

  async #act(act: 'renew' | 'end' | 'release' | 'commit' | 'vouch' | 'trust', process: Process): Promise<void> {
    const { bootId, epoch = 0 } = process
    const id = this.#sessionId
    const held = { sessionId: id, epoch }
    if (act === 'renew') {
      expect(await database.renewLease(workers, bootId)).toBe(this.#step(machine.renew(this.world, bootId)))
    } else if (act === 'end') {
      await database.endLease(workers, bootId)
      this.world = machine.end(this.world, bootId)
    } else if (act === 'release') {
      const released = (await database.release(workers, bootId, [held])).has(id)
      expect(released).toBe(this.#step(machine.release(this.world, bootId, id, epoch)))
    } else if (act === 'vouch') {
      const doubt = (await databaseDoubt(workers)) ?? 'none'
      const vouched = await vouch(workers, bootId, doubt, process.commits)
      expect(vouched).toBe(this.#step(machine.vouch(this.world, bootId)))
    } else if (act === 'trust') {
      await trustSession(workers, bootId, held)
      this.world = machine.trust(this.world, bootId, id, epoch)
    } else if (act === 'commit') {
      expect(await this.#commit(process)).toBe(machine.mayWrite(this.world, bootId, id, epoch))
    }
  }

  async #commit(process: Process): Promise<boolean> {
    const { bootId, epoch = 0 } = process
    const none = { keys: [], journal: [], received: [], statuses: [], commands: [] }
    const credential = { linkingAttempt: 0, value: Buffer.from('sealed') }
    const rows = [{ session: { sessionId: this.#sessionId, epoch }, ...none, credential }]
    const written = await writeCommit(workers, bootId, ++process.commits, rows)
    return written!.has(this.#sessionId)
  }

  async #answer({ do: what, fresh }: Extract<Operation, { database: true }>): Promise<void> {
    const doubt = await databaseDoubt(workers)
    expect(doubt !== undefined).toBe(this.world.inDoubt ?? false)
    if (what === 'doubt') {
      await reportWentBack(workers, 'a test')
      this.world = machine.doubt(this.world)
    } else if (what === 'confirm' && doubt) {
      expect(await this.#lead.trust.confirm(doubt, HOME)).toBe(true)
      this.world = machine.confirm(this.world)
    } else if (what === 'repair' && doubt) {
      const next = nextIncarnation(await readTrust(operators), [], this.owner.epoch)
      const kept = fresh ? [this.#sessionId] : []
      expect(await this.#lead.trust.repair(doubt, HOME, next, kept)).toBeGreaterThanOrEqual(1 - kept.length)
      this.world = machine.repair(this.world, next.epochFloor, new Set(kept))
    }
  }

  async #operate(operation: Extract<Operation, { operator: number }>): Promise<void> {
    if (operation.fresh) await this.#read(operation.operator)
    const view = this.#views[operation.operator]!
    const podUID = this.#podUids[operation.pod]
    if (operation.do === 'place') {
      if (view.placement !== this.#placement) return // the API refuses a write on a resource that has changed
      this.#placement = { podUID, generation: nextGeneration(view.placement, view.owner) }
      // Although the view of the owner may be old: claims and wishes since then were made under placements.
      expect(isClaimable(this.#placement, this.owner)).toBe(true)
      return
    }
    const boot = view.boots.findLast((one) => one.podUid === podUID)
    if (!boot) return
    const revoked = await this.#lead.revoke(boot, 'test')
    expect(revoked).toBe(this.#step(machine.revoke(this.world, boot.bootId, boot.renewals)))
  }

  async #read(operator: number): Promise<void> {
    const { leases } = await poll(operators, randomUUID())
    const boots = leases.filter((boot) => this.world.boots.has(boot.bootId))
    this.#views[operator] = { placement: this.#placement, owner: this.owner, boots }
  }

  /** What Postgres says of the owner must be what the machine says. */
  async compare(): Promise<void> {
    const { rows } = await operators.query<machine.Owner & { released: boolean }>(
      `SELECT generation, wanted_generation AS wanted, epoch, pod_uid AS "podUID", distrusted,
         CASE WHEN released_at IS NULL THEN boot_id END AS holder FROM session_owner WHERE session_id = $1`,
      [this.#sessionId],
    )
    const { podUID = null, holder = null, distrusted = false, ...owner } = this.owner
    expect(rows).toEqual([{ ...owner, podUID, holder, distrusted }])
    if (holder) {
      expect(await database.wantedElsewhere(workers, holder)).toEqual(machine.wantedElsewhere(this.world, holder))
      expect(await database.heldClaims(workers, holder)).toEqual(machine.heldClaims(this.world, holder))
    }
  }

  /** Every process that there ever was tries to write. */
  async writers(): Promise<string[]> {
    const writers: string[] = []
    for (const process of Object.values(this.#processes).flat()) {
      if (await this.#commit(process)) writers.push(process.bootId)
    }
    return writers
  }

  #step<Answer>([world, answer]: machine.Step<Answer>): Answer {
    this.world = world
    return answer
  }
}

test('Postgres does what the machine does, and at most one boot may write', async () => {
  const seen = { claims: 0, resumed: 0, wishes: 0, refused: 0, kept: 0, freed: 0 }
  const history = fc.array(operation, { maxLength: 60, size: 'max' })
  await fc.assert(
    fc.asyncProperty(history, async (operations) => {
      const history = await History.begin()
      for (const operation of operations) {
        const before = history.owner
        await history.do(operation)
        await history.compare()
        const after = history.owner
        expect(after.epoch).toBeGreaterThanOrEqual(before.epoch)
        expect(after.generation).toBeGreaterThanOrEqual(before.generation)
        expect(after.wanted).toBeGreaterThanOrEqual(before.wanted)
        if (operation.do === 'repair') {
          if (before.holder) seen[after.holder ? 'kept' : 'freed']++
        } else if (after.epoch > before.epoch) seen[operation.do === 'resume' ? 'resumed' : 'claims']++
        else if (after.wanted > before.wanted) seen.wishes++
        else if (operation.do === 'claim') seen.refused++
      }
      const writers = await history.writers()
      expect(writers).toEqual(history.owner.holder ? [history.owner.holder] : [])
      for (const bootId of writers) expect(history.world.boots.get(bootId)?.end).toBeUndefined()
    }),
    { numRuns: HISTORIES, examples: [[EXAMPLE], [WENT_BACK]] },
  )
  // The histories went where it matters.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0)
}, 600_000)
