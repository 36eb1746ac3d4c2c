/**
 * The operator dies before and after each write that it makes for a database: a new one, one that went back, one that a person
 * adopts. The next operator knows nothing of it, and gets to the same end.
 */
import { randomUUID } from 'node:crypto'
import { ADOPT_KEY, KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import { ConfigMapKind } from '@berth/core/model/kind.ts'
import { compareMarks } from '@berth/core/ownership/database.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { readTrust } from '@berth/core/postgres/trust.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import type { Lead } from '@berth/operator/database.ts'
import { DatabaseGuard } from '@berth/operator/database-guard.ts'
import { KeepsakeStore } from '@berth/operator/keepsake.ts'
import { PostgresLead } from '@berth/operator/lead.ts'
import { poll } from '@berth/operator/poll.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installation } from './installation.ts'

const log = createLogger('test').child({}, { level: 'silent' })
const READS = new Set(['read'])
/** More than any way to the end has. */
const MAX_WRITES = 10

class Died extends Error {}

/** Counts the writes, and dies at one of them: before it, or when it is done and nobody knows. */
class Fate {
  writes = 0
  readonly #at: number
  readonly #when: 'before' | 'after'

  constructor(at: number, when: 'before' | 'after') {
    this.#at = at
    this.#when = when
  }

  over<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (READS.has(String(name))) return value.bind(target)
        return (...args: unknown[]) => this.#write(() => value.apply(target, args))
      },
    })
  }

  async #write(write: () => unknown): Promise<unknown> {
    const isLast = this.writes++ === this.#at
    if (isLast && this.#when === 'before') throw new Died()
    const answer = await write()
    if (isLast) throw new Died()
    return answer
  }
}

let berth: Installation

beforeAll(async () => {
  berth = await Installation.start()
})
afterAll(() => berth?.close())

const set = (what: string) => runAsOwner(berth.database.url, `UPDATE berth.database_trust SET ${what}`)
const keepsake = () => berth.cluster.client.get(ConfigMapKind, KEEPSAKE_NAME)

/** One operator's life: until the database is trusted and its mark was moved on, or until it dies. */
async function live(fate: Fate): Promise<void> {
  const guard = new DatabaseGuard({
    keepsake: fate.over(new KeepsakeStore(berth.cluster.client)),
    events: { record: () => {} },
    log,
  })
  const taken = await PostgresLead.take(berth.pool)
  const lead = { trust: fate.over(taken.trust) } as Pick<Lead, 'trust'> as Lead
  const canary = randomUUID()
  for (let turn = 0; turn < 100; turn++) {
    const reading = await poll(berth.pool, canary)
    guard.observe(reading)
    const { is } = await guard.look({ lead, reading, sessions: [], boots: [], now: performance.now() })
    if (is === 'trusted' && reading.trust.home && !reading.trust.doubt) return
  }
  throw new Error('no end of it')
}

const beginnings: [string, number, () => Promise<unknown>][] = [
  ['new', 0, async () => set('home = NULL, confirmed = NULL, mark = 0, incarnation = 1, reports = 0, answered = 0')],
  ['started anew', 0, () => set("confirmed = 'an earlier run'")],
  ['gone back', 1, () => set("mark = 0, confirmed = 'an earlier run'")],
  ['gone back while its server ran', 1, () => set('mark = 0')],
  [
    'of another installation',
    1,
    async () => {
      await set("home = 'of-another', confirmed = 'there'")
      await berth.cluster.client.mergePatch(ConfigMapKind, KEEPSAKE_NAME, { data: { [ADOPT_KEY]: 'of-another' } })
    },
  ],
]

test.each(beginnings)('a database that is %s', async (what, raised, begin) => {
  let deaths = 0
  for (const when of ['before', 'after'] as const) {
    for (let at = 0; at < MAX_WRITES; at++) {
      if (what === 'new') await berth.cluster.client.delete(ConfigMapKind, KEEPSAKE_NAME)
      else await live(new Fate(-1, when))
      const { incarnation } = await readTrust(berth.pool)
      await begin()
      const fate = new Fate(at, when)
      const end = await live(fate).catch((error) => error)
      if (end === undefined) break
      expect(end).toBeInstanceOf(Died)
      deaths++
      await live(new Fate(-1, when))

      const trust = await readTrust(berth.pool)
      const kept = await keepsake()
      const outside = { incarnation: Number(kept?.data?.incarnation), mark: Number(kept?.data?.mark) }
      expect(trust).toMatchObject({ home: kept?.metadata.uid, reported: false })
      expect(trust.doubt).toBeUndefined()
      expect(compareMarks(trust, outside)).toBe(0)
      expect(trust.incarnation - (what === 'new' ? 1 : incarnation)).toBe(raised)
      expect(Object.keys(kept?.data ?? {}).sort()).toEqual(['incarnation', 'mark'])
    }
  }
  expect(deaths).toBeGreaterThan(3)
})
