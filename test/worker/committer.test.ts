import { randomUUID } from 'node:crypto'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { loadCredentials } from '@berth/core/postgres/auth-state.ts'
import { claim, openLease, release } from '@berth/core/postgres/ownership.ts'
import { openClient, type Pool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { Committer } from '@berth/worker/store/committer.ts'
import { Ownership } from '@berth/worker/store/ownership.ts'
import type { Unit } from '@berth/worker/store/unit.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Pools, startPools } from '../postgres/pools.ts'
import { seedSession } from '../postgres/seed.ts'
import { until } from './until.ts'

const log = createLogger('test')
log.level = 'silent'

describe('the committer', () => {
  let postgres: Pools
  let operator: Pool
  let pool: Pool
  let bootId: string
  let committer: Committer
  let wentBack: Promise<Error>
  const keys = KeyRing.parse(KeyRing.generate())

  beforeAll(async () => {
    postgres = await startPools()
    ;({ operator, worker: pool } = postgres)
  })
  afterAll(() => postgres.close())

  beforeEach(async () => {
    bootId = randomUUID()
    await openLease(pool, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
    const back = Promise.withResolvers<Error>()
    wentBack = back.promise
    committer = new Committer({
      bootId,
      connect: () => openClient({ url: postgres.url, role: 'berth_worker', application: `committer-${bootId}` }),
      onWentBack: back.resolve,
      log,
    })
  })
  afterEach(() => committer.stop())

  const own = async (): Promise<Ownership> => {
    const { sessionId } = await seedSession(operator, { tenant: 'acme', name: randomUUID().slice(0, 8) })
    const [claimed] = await claim(pool, bootId, [{ sessionId, generation: 1 }])
    return new Ownership(claimed!, keys.sealer(sessionId))
  }

  const credential = (owner: Ownership, value: string): Unit => ({
    owner,
    credential: { linkingAttempt: 0, value: Buffer.from(value) },
  })

  const stored = async (owner: Ownership): Promise<string | undefined> => {
    const [row] = await loadCredentials(pool, bootId, [owner.sessionId])
    return row && owner.sealer.open('credential', row.value).toString()
  }

  const commits = async (): Promise<number> =>
    (await superuser<{ number: number }>('SELECT number FROM berth.worker_commit WHERE boot_id = $1', bootId))[0]!
      .number

  const superuser = async <Row extends object>(text: string, ...values: unknown[]): Promise<Row[]> => {
    const client = await openClient({ url: postgres.url, role: 'postgres' as never, application: 'test-superuser' })
    try {
      return (await client.query<Row>(text, values)).rows
    } finally {
      await client.end()
    }
  }

  test('many units of many sessions are few commits, and the last value of a row wins', async () => {
    const owners = await Promise.all([own(), own(), own()])
    await Promise.all(
      owners.flatMap((owner) => Array.from({ length: 50 }, (_, i) => committer.add(credential(owner, `value ${i}`)))),
    )
    for (const owner of owners) expect(await stored(owner)).toBe('value 49')
    expect(await commits()).toBeLessThanOrEqual(2)
  })

  test('a lazy unit is written without another one to ride along with', async () => {
    const owner = await own()
    await committer.add(credential(owner, 'lazy'), { lazy: true })
    expect(await stored(owner)).toBe('lazy')
  })

  test('a session that was claimed elsewhere falls, at once and without settling; the others are written', async () => {
    const [lost, kept] = [await own(), await own()]
    const other = randomUUID()
    await openLease(pool, { bootId: other, podUid: randomUUID(), worker: 'x', address: 'http://127.0.0.1:2' })
    await release(pool, bootId, [lost])
    expect(await claim(pool, other, [{ sessionId: lost.sessionId, generation: 2 }])).toHaveLength(1)

    let settled = false
    void committer.add(credential(lost, 'late')).finally(() => {
      settled = true
    })
    await committer.add(credential(kept, 'fine'))
    expect(lost.loss?.name).toBe('OwnershipLost')
    expect(kept.loss).toBeUndefined()
    expect(settled).toBe(false)
    expect(await loadCredentials(pool, other, [lost.sessionId])).toEqual([])
  })

  test('a row that the database refuses costs only its own session', async () => {
    const [poisoned, fine] = [await own(), await own()]
    const codec = { encode: () => Buffer.from('x'), decode: () => undefined, cost: () => 0 }
    void committer.add({ owner: poisoned, codec, keys: [{ type: 'session', id: 'a\u0000b', value: 1 }] })
    await committer.add(credential(fine, 'fine'))
    expect(await stored(fine)).toBe('fine')
    expect(poisoned.loss).toBeDefined()
    await committer.add(credential(fine, 'and again'))
    expect(await stored(fine)).toBe('and again')
  })

  test('a connection that is cut in the middle of a commit loses and doubles nothing', async () => {
    const owner = await own()
    const at = `committer-${bootId}`
    await committer.add(credential(owner, 'connected'))
    for (let round = 0; round < 5; round++) {
      // The commit waits for this lock, and is cut while it does: nobody told us what became of it.
      const lock = await openClient({ url: postgres.url, role: 'postgres' as never, application: 'test-lock' })
      await lock.query('BEGIN')
      await lock.query('LOCK TABLE berth.credential IN ACCESS EXCLUSIVE MODE')
      const before = await commits()
      const written = committer.add(credential(owner, `round ${round}`))
      await until(async () => {
        const rows = await superuser(
          `SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
          at,
        )
        return rows.length > 0 || undefined
      })
      await superuser('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', at)
      await lock.query('COMMIT')
      await lock.end()
      await written
      expect(await stored(owner)).toBe(`round ${round}`)
      expect(await commits()).toBe(before + 1)
    }
    expect(owner.loss).toBeUndefined()
  })

  /** As if the last commits had been lost; answers how often that was reported. */
  const goBackTo = (number: number) =>
    superuser('UPDATE berth.worker_commit SET number = $2 WHERE boot_id = $1', bootId, number)
  const disconnect = () =>
    superuser(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
      `committer-${bootId}`,
    )
  const trust = async () =>
    (
      await superuser<{ doubt: string | null; reports: number }>(
        'SELECT berth.database_doubt() AS doubt, reports FROM berth.database_trust',
      )
    )[0]!

  test('a database that lost commits gets them again, in their order, and is in doubt from then on', async () => {
    const owner = await own()
    for (const value of ['one', 'two', 'three']) await committer.add(credential(owner, value))
    const { reports } = await trust()
    await superuser('DELETE FROM berth.credential WHERE session_id = $1', owner.sessionId)
    await goBackTo(1)
    await committer.add({ owner, statuses: [] })
    expect(await stored(owner)).toBe('three')
    expect(await commits()).toBe(4)
    expect(owner.loss).toBeUndefined()
    const { doubt, reports: after } = await trust()
    expect(after).toBe(reports + 1)
    expect(await claim(pool, bootId, [{ sessionId: owner.sessionId, generation: 2 }])).toEqual([])

    const vouched = async () =>
      (await superuser<{ vouched: string }>('SELECT vouched FROM berth.worker_lease WHERE boot_id = $1', bootId))[0]!
        .vouched
    committer.vouch(doubt!)
    await until(async () => (await vouched()) === doubt || undefined)
    await superuser('UPDATE berth.database_trust SET confirmed = $1, answered = reports', doubt)
    expect(await claim(pool, bootId, [{ sessionId: owner.sessionId, generation: 2 }])).toHaveLength(1)
  })

  test('nobody vouches for a database without looking: what is missing is written first', async () => {
    const owner = await own()
    for (const value of ['one', 'two']) await committer.add(credential(owner, value))
    await superuser('DELETE FROM berth.credential WHERE session_id = $1', owner.sessionId)
    await goBackTo(0)
    await disconnect()
    await superuser("SELECT berth.database_report('a test')")
    await until(async () => {
      const { doubt } = await trust() // another one when the loss has been reported
      committer.vouch(doubt!)
      const rows = await superuser('SELECT FROM berth.worker_lease WHERE boot_id = $1 AND vouched = $2', bootId, doubt)
      return rows.length > 0 || undefined
    })
    expect(await stored(owner)).toBe('two')
    await superuser('UPDATE berth.database_trust SET confirmed = berth.database_doubt(), answered = reports')
  })

  test.each([
    ['does not know the boot any more', () => superuser('DELETE FROM berth.worker_commit WHERE boot_id = $1', bootId)],
    ['has commits that were never made', () => goBackTo(7)],
  ])('a database that %s stops everything', async (_, goBack) => {
    const owner = await own()
    for (const value of ['one', 'two', 'three']) await committer.add(credential(owner, value))
    await goBack()
    let settled = 0
    void committer.add(credential(owner, 'four')).finally(() => settled++)
    expect((await wentBack).name).toBe('DatabaseWentBack')
    expect(await stored(owner)).toBe('three')
    void committer.add(credential(owner, 'five')).finally(() => settled++)
    await new Promise((resolve) => setImmediate(resolve))
    expect(settled).toBe(0)
    await superuser('UPDATE berth.database_trust SET confirmed = berth.database_doubt(), answered = reports')
  })
})
