import { KeyRing } from '@berth/core/crypto/seal.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { Cache } from './cache.ts'
import type { Codec } from './codec.ts'
import type { Committer } from './committer.ts'
import type { Loader } from './loader.ts'
import { Ownership } from './ownership.ts'
import { SessionStore } from './session-store.ts'
import { keyPlace, type Unit } from './unit.ts'

const codec: Codec = {
  encode: (_, value) => Buffer.from(JSON.stringify(value)),
  decode: (_, bytes) => JSON.parse(bytes.toString()),
  cost: () => 300,
}

/** Postgres with its two doors: what is added becomes durable when the test says so, and so does a read its answer. */
class FakeDatabase {
  readonly rows = new Map<string, Buffer>()
  readonly owner: Ownership
  reads = 0
  #commits: (() => void)[] = []
  #answers: (() => void)[] = []
  /** Answer reads at once. */
  quick = true

  constructor(owner: Ownership) {
    this.owner = owner
  }

  committer = {
    add: (unit: Unit) =>
      new Promise<void>((resolve) => {
        this.#commits.push(() => {
          for (const { type, id, value } of unit.keys ?? []) {
            const place = keyPlace(type, id)
            if (value === undefined) this.rows.delete(place)
            else this.rows.set(place, this.owner.sealer.seal(place, codec.encode(type, value)))
          }
          resolve()
        })
      }),
  } as Partial<Committer> as Committer

  loader = {
    load: (_: Ownership, type: string, id: string) => {
      this.reads++
      const seen = this.rows.get(keyPlace(type, id))
      return this.quick ? Promise.resolve(seen) : new Promise((resolve) => this.#answers.push(() => resolve(seen)))
    },
  } as Partial<Loader> as Loader

  async commit(): Promise<void> {
    for (const land of this.#commits.splice(0)) land()
    await new Promise((resolve) => setImmediate(resolve))
  }

  answerReads(): void {
    for (const answer of this.#answers.splice(0)) answer()
  }
}

describe("a session's store", () => {
  let database: FakeDatabase
  let store: SessionStore
  const build = (budget: number) => {
    const owner = new Ownership(
      { sessionId: 's', tenantId: 't', epoch: 1, distrusted: false },
      KeyRing.parse(KeyRing.generate()).sealer('s'),
    )
    database = new FakeDatabase(owner)
    const { committer, loader } = database
    store = new SessionStore({ owner, committer, loader, cache: new Cache(budget).section('s/1'), codec })
  }
  beforeEach(() => build(1_000_000))

  const put = (value: unknown, id = '1') => store.write({ keys: [{ type: 'session', id, value }] })
  const get = async (id = '1') => (await store.get('session', [id]))[id]

  test('a value is visible at once and durable when its write resolves', async () => {
    let durable = false
    const written = put('new').then(() => {
      durable = true
    })
    expect(await get()).toBe('new')
    expect(durable).toBe(false)
    await database.commit()
    await written
    expect(database.reads).toBe(0)
  })

  test('what was forgotten is read again; what is not durable is never forgotten', async () => {
    build(1200) // two values
    for (const id of ['1', '2', '3', '4']) void put(`value ${id}`, id)
    expect(await Promise.all(['1', '2', '3', '4'].map(get))).toEqual(['value 1', 'value 2', 'value 3', 'value 4'])
    expect(database.reads).toBe(0)
    await database.commit()
    expect(await Promise.all(['1', '2', '3', '4'].map(get))).toEqual(['value 1', 'value 2', 'value 3', 'value 4'])
    expect(database.reads).toBeGreaterThan(0)
  })

  test('that there is no value is remembered too, until there is one', async () => {
    expect([await get(), await get()]).toEqual([undefined, undefined])
    expect(database.reads).toBe(1)
    void put('there')
    expect(await get()).toBe('there')
  })

  test('a read that was overtaken by a write never brings the older value', async () => {
    void put('old')
    await database.commit()
    build(1)
    database.quick = false
    const reading = get()
    void put('newer')
    database.answerReads()
    expect(await reading).toBe('newer')
    database.quick = true
    await database.commit()
    expect(await get()).toBe('newer')
  })

  test('two readers of one value are one read', async () => {
    database.quick = false
    const both = Promise.all([get(), get()])
    database.answerReads()
    expect(await both).toEqual([undefined, undefined])
    expect(database.reads).toBe(1)
  })

  test('after the loss, reads reject and writes never settle', async () => {
    database.owner.lose(new Error('gone'))
    await expect(get()).rejects.toThrow('gone')
    let settled = false
    void put('late').finally(() => {
      settled = true
    })
    await database.commit()
    expect(settled).toBe(false)
    expect(database.rows.size).toBe(0)
  })
})
