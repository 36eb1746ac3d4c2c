/** Claims and the fence on a real Postgres. */
import { randomUUID } from 'node:crypto'
import { nextGeneration } from '@berth/core/ownership/generation.ts'
import { loadCredentials, loadJournal, loadKeys } from '@berth/core/postgres/auth-state.ts'
import { type SessionRows, writeCommit } from '@berth/core/postgres/commit.ts'
import {
  type Claim,
  claim,
  commitNumber,
  endLease,
  heldClaims,
  openLease,
  owned,
  release,
  renewLease,
  wantedElsewhere,
} from '@berth/core/postgres/ownership.ts'
import { openClient, type Pool } from '@berth/core/postgres/pool.ts'
import { loadSends } from '@berth/core/postgres/sends.ts'
import { poll } from '@berth/operator/poll.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asOwner } from './as-owner.ts'
import { type Pools, startPools } from './pools.ts'
import { seedSession } from './seed.ts'

let postgres: Pools
let operator: Pool
let worker: Pool

beforeAll(async () => {
  postgres = await startPools()
  ;({ operator, worker } = postgres)
})
afterAll(() => postgres.close())

const boot = async (podUid: string = randomUUID()): Promise<{ bootId: string; podUid: string }> => {
  const bootId = randomUUID()
  await openLease(worker, { bootId, podUid, worker: 'w', address: 'http://127.0.0.1:1' })
  return { bootId, podUid }
}
const revoke = (bootId: string) =>
  operator.query("UPDATE worker_lease SET revoked_at = now(), revoked_reason = 'test' WHERE boot_id = $1", [bootId])
const session = () => seedSession(operator, { tenant: `t-${randomUUID().slice(0, 8)}` })
const take = (bootId: string, sessionId: string, generation: number): Promise<Claim | undefined> =>
  claim(worker, bootId, [{ sessionId, generation }]).then((claims) => claims[0])

const rows = (held: Claim, more: Partial<SessionRows> = {}): SessionRows => ({
  session: { sessionId: held.sessionId, epoch: held.epoch },
  keys: [],
  journal: [],
  received: [],
  statuses: [],
  commands: [],
  ...more,
})

describe('a claim', () => {
  test('of a session that nobody held succeeds, tells the tenant and raises the epoch', async () => {
    const { sessionId, tenantId } = await session()
    const { bootId } = await boot()
    expect(await take(bootId, sessionId, 1)).toEqual({ sessionId, tenantId, epoch: 1, distrusted: false })
  })

  test('of a held session fails until its holder releases it, ends, or is revoked', async () => {
    for (const free of ['release', 'end', 'revoke'] as const) {
      const { sessionId } = await session()
      const first = await boot()
      const second = await boot()
      const held = (await take(first.bootId, sessionId, 1))!
      expect(await take(second.bootId, sessionId, 2), free).toBeUndefined()
      if (free === 'release') expect(await release(worker, first.bootId, [held])).toEqual(new Set([sessionId]))
      if (free === 'end') await endLease(worker, first.bootId)
      if (free === 'revoke') await revoke(first.bootId)
      expect((await take(second.bootId, sessionId, 2))?.epoch, free).toBe(2)
      expect(await owned(worker, first.bootId, [held]), free).toEqual(new Set())
    }
  })

  test('by a newer boot of the same pod takes over at once; by an older one never', async () => {
    const { sessionId } = await session()
    const older = await boot()
    const newer = await boot(older.podUid)
    expect((await take(older.bootId, sessionId, 1))?.epoch).toBe(1)
    expect((await take(newer.bootId, sessionId, 1))?.epoch).toBe(2)
    expect(await take(older.bootId, sessionId, 1)).toBeUndefined()
  })

  test('needs a higher generation than the last one, or the same pod', async () => {
    const { sessionId } = await session()
    const first = await boot()
    const second = await boot()
    const held = (await take(first.bootId, sessionId, 5))!
    await release(worker, first.bootId, [held])
    expect(await take(second.bootId, sessionId, 5)).toBeUndefined()
    expect(await take(second.bootId, sessionId, 4)).toBeUndefined()
    expect((await take(second.bootId, sessionId, 6))?.epoch).toBe(2)
  })

  test('by a revoked boot fails, and its lease is not renewed', async () => {
    const { sessionId } = await session()
    const { bootId } = await boot()
    expect(await renewLease(worker, bootId)).toBe(true)
    await revoke(bootId)
    expect(await renewLease(worker, bootId)).toBe(false)
    expect(await take(bootId, sessionId, 1)).toBeUndefined()
  })

  test('whose answer never came is among what the boot holds, and can be given back', async () => {
    const { sessionId } = await session()
    const [first, second] = [await boot(), await boot()]
    await take(first.bootId, sessionId, 1)
    const held = await heldClaims(worker, first.bootId)
    expect(held).toEqual([{ sessionId, epoch: 1 }])
    expect(await heldClaims(worker, second.bootId)).toEqual([])
    await release(worker, first.bootId, held)
    expect(await heldClaims(worker, first.bootId)).toEqual([])
    expect((await take(second.bootId, sessionId, 2))?.epoch).toBe(2)
  })

  test('in the middle of a revocation: what it gained is lost with the rest', async () => {
    const { sessionId } = await session()
    const { bootId } = await boot()
    const slow = await openClient({ url: postgres.url, role: 'berth_worker', application: 'slow' })
    await slow.query('BEGIN')
    const [held] = await claim(slow, bootId, [{ sessionId, generation: 1 }])
    const revoking = revoke(bootId)
    await untilWaiting('%UPDATE worker_lease%')
    await slow.query('COMMIT')
    await slow.end()
    await revoking
    expect(await owned(worker, bootId, [held!])).toEqual(new Set())
  })

  test('of a held session is wished for; the holder learns it, and its own older generation gets it back no more', async () => {
    const { sessionId } = await session()
    const [first, second, third] = [await boot(), await boot(), await boot()]
    const held = (await take(first.bootId, sessionId, 1))!
    expect(await take(second.bootId, sessionId, 3)).toBeUndefined()
    expect(await take(third.bootId, sessionId, 2)).toBeUndefined()
    expect(await wantedElsewhere(worker, first.bootId)).toEqual([sessionId])
    expect(await wantedElsewhere(worker, second.bootId)).toEqual([])
    await release(worker, first.bootId, [held])
    expect(await wantedElsewhere(worker, first.bootId)).toEqual([])
    expect(await take(first.bootId, sessionId, 1)).toBeUndefined()
    expect(await take(third.bootId, sessionId, 2)).toBeUndefined()
    expect((await take(second.bootId, sessionId, 3))?.epoch).toBe(2)
  })

  test('below a wish, by the boot that came after the holder, leaves it to who wished', async () => {
    const { sessionId } = await session()
    const [first, second] = [await boot(), await boot()]
    await take(first.bootId, sessionId, 1)
    expect(await take(second.bootId, sessionId, 2)).toBeUndefined()
    const back = await boot(first.podUid)
    expect(await take(back.bootId, sessionId, 1)).toBeUndefined()
    expect((await take(second.bootId, sessionId, 2))?.epoch).toBe(2)
  })

  test('whose wish nobody is left to claim: the next placement goes above it', async () => {
    const { sessionId } = await session()
    const [first, second, third] = [await boot(), await boot(), await boot()]
    const held = (await take(first.bootId, sessionId, 1))!
    await take(second.bootId, sessionId, 7)
    await endLease(worker, second.bootId)
    await release(worker, first.bootId, [held])
    const owner = (await poll(operator, randomUUID())).owners.get(sessionId)!
    const generation = nextGeneration({ podUID: first.podUid, generation: 1 }, owner)
    expect((await take(third.bootId, sessionId, generation))?.epoch).toBe(2)
  })

  test('of a deleted session fails', async () => {
    const { sessionId } = await session()
    const { bootId } = await boot()
    await operator.query('UPDATE session SET deleted_at = now() WHERE id = $1', [sessionId])
    expect(await take(bootId, sessionId, 1)).toBeUndefined()
  })
})

describe('a commit', () => {
  test('of a boot that was revoked or has ended is refused, though nobody has claimed yet', async () => {
    for (const close of [revoke, (bootId: string) => endLease(worker, bootId)]) {
      const { sessionId } = await session()
      const { bootId } = await boot()
      const held = (await take(bootId, sessionId, 1))!
      await close(bootId)
      expect(await writeCommit(worker, bootId, 1, [rows(held)])).toEqual(new Set())
    }
  })

  test('writes everything of a session, and its owner reads it back', async () => {
    const { sessionId } = await session()
    const { bootId } = await boot()
    const held = (await take(bootId, sessionId, 1))!
    const places = await writeCommit(worker, bootId, 1, [
      rows(held, {
        keys: [
          { type: 'session', id: 'a', value: Buffer.from('one') },
          { type: 'session', id: 'b', value: Buffer.from('two') },
        ],
        credential: { linkingAttempt: 3, value: Buffer.from('creds') },
        journal: [{ ciphertextHash: 'h', body: Buffer.from('plain') }],
        state: { state: 'Connected', attempt: 0, since: new Date(), phoneNumber: '+5511900000001' },
      }),
    ])
    expect(places).toEqual(new Set([sessionId]))
    const wanted = ['b', 'none', 'a'].map((id) => ({ sessionId, type: 'session', id }))
    expect((await loadKeys(worker, bootId, wanted)).map((value) => value?.toString())).toEqual([
      'two',
      undefined,
      'one',
    ])
    expect(await loadCredentials(worker, bootId, [sessionId])).toEqual([
      { session_id: sessionId, linking_attempt: 3, value: Buffer.from('creds') },
    ])
    expect((await loadJournal(worker, bootId, [sessionId])).map((row) => row.body.toString())).toEqual(['plain'])
    const { rows: states } = await operator.query(
      'SELECT state, phone_number, epoch FROM session_state WHERE session_id = $1',
      [sessionId],
    )
    expect(states).toEqual([{ state: 'Connected', phone_number: '+5511900000001', epoch: 1 }])

    await writeCommit(worker, bootId, 2, [rows(held, { keys: [{ type: 'session', id: 'a', value: undefined }] })])
    expect(await loadKeys(worker, bootId, [{ sessionId, type: 'session', id: 'a' }])).toEqual([undefined])
    await writeCommit(worker, bootId, 3, [
      rows(held, { purge: true, credential: { linkingAttempt: 4, value: Buffer.from('new') } }),
    ])
    expect(await loadKeys(worker, bootId, [{ sessionId, type: 'session', id: 'b' }])).toEqual([undefined])
    expect((await loadCredentials(worker, bootId, [sessionId]))[0]?.value.toString()).toBe('new')
  })

  test('of a lost session writes nothing of it, and the others of the same commit go through', async () => {
    const [lost, kept] = [await session(), await session()]
    const first = await boot()
    const second = await boot()
    const heldLost = (await take(first.bootId, lost.sessionId, 1))!
    const heldKept = (await take(first.bootId, kept.sessionId, 1))!
    await release(worker, first.bootId, [heldLost])
    await take(second.bootId, lost.sessionId, 2)
    const key = { type: 'session', id: 'x', value: Buffer.from('late') }
    const both = [rows(heldLost, { keys: [key] }), rows(heldKept, { keys: [key] })].sort((a, b) =>
      a.session.sessionId < b.session.sessionId ? -1 : 1,
    )
    expect(await writeCommit(worker, first.bootId, 1, both)).toEqual(new Set([kept.sessionId]))
    expect(await loadKeys(worker, second.bootId, [{ sessionId: lost.sessionId, type: 'session', id: 'x' }])).toEqual([
      undefined,
    ])
    expect(await loadKeys(worker, first.bootId, [{ sessionId: lost.sessionId, type: 'session', id: 'x' }])).toEqual([
      undefined,
    ])
  })

  test('with a number that is not the next one writes nothing', async () => {
    const { sessionId } = await session()
    const { bootId } = await boot()
    const held = (await take(bootId, sessionId, 1))!
    const write = (number: number) =>
      writeCommit(worker, bootId, number, [
        rows(held, { keys: [{ type: 't', id: String(number), value: Buffer.from('v') }] }),
      ])
    expect(await write(1)).toBeDefined()
    expect(await write(1)).toBeUndefined()
    expect(await write(3)).toBeUndefined()
    expect(await commitNumber(worker, bootId)).toBe(1)
    expect(await commitNumber(worker, randomUUID())).toBe(-1)
  })

  test('with a revocation and a claim in its middle: both wait, and the new owner reads what was committed', async () => {
    const { sessionId } = await session()
    const first = await boot()
    const second = await boot()
    const held = (await take(first.bootId, sessionId, 1))!
    const slow = await openClient({ url: postgres.url, role: 'berth_worker', application: 'slow' })
    await slow.query('BEGIN')
    await writeCommit(slow, first.bootId, 1, [rows(held, { keys: [{ type: 's', id: 'k', value: Buffer.from('v') }] })])
    const revoking = revoke(first.bootId)
    await untilWaiting('%UPDATE worker_lease%')
    const claiming = take(second.bootId, sessionId, 2)
    await untilWaiting('%claim_trusted(%')
    await slow.query('COMMIT')
    await slow.end()
    await revoking
    expect((await claiming)?.epoch).toBe(2)
    expect(await loadKeys(worker, second.bootId, [{ sessionId, type: 's', id: 'k' }])).toEqual([Buffer.from('v')])
  })

  test('stores a received message once, and a status only goes forward', async () => {
    const { sessionId, tenantId } = await session()
    const { bootId } = await boot()
    const held = (await take(bootId, sessionId, 1))!
    const message = {
      id: randomUUID(),
      chat: '5511911111111@s.whatsapp.net',
      whatsappId: '3A01',
      fromMe: false,
      type: 'text',
      content: { text: 'hello' },
      status: 'received' as const,
      sentAt: new Date(),
    }
    const received = (id: string) => [{ ciphertextHash: 'h', message: { ...message, id } }]
    await writeCommit(worker, bootId, 1, [rows(held, { journal: [{ ciphertextHash: 'h', body: Buffer.from('x') }] })])
    await writeCommit(worker, bootId, 2, [rows(held, { received: received(randomUUID()) })])
    await writeCommit(worker, bootId, 3, [rows(held, { received: received(randomUUID()) })])
    const { rows: stored } = await asOwner(
      operator,
      `SELECT count(*)::int AS n FROM message WHERE session_id = '${sessionId}'`,
    )
    expect(stored).toEqual([{ n: 1 }])
    expect(await loadJournal(worker, bootId, [sessionId])).toEqual([])

    await asOwner(
      operator,
      `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status)
       VALUES (gen_random_uuid(), '${tenantId}', '${sessionId}', 'c', '3EB0', true, 'text', '{"text":"hi"}', 'queued')`,
    )
    expect((await loadSends(worker, bootId, [sessionId], { limit: 10 })).map((row) => row.whatsapp_id)).toEqual([
      '3EB0',
    ])
    let number = 3
    const sentAt = new Date('2026-01-05T10:15:00Z')
    for (const status of ['sending', 'delivered', 'sent', 'failed'] as const) {
      await writeCommit(worker, bootId, ++number, [
        rows(held, { statuses: [{ whatsappId: '3EB0', status, ...(status === 'sent' && { sentAt }) }] }),
      ])
    }
    expect(
      (
        await asOwner(
          operator,
          `SELECT status, sent_at FROM message WHERE whatsapp_id = '3EB0' AND session_id = '${sessionId}'`,
        )
      ).rows,
    ).toEqual([{ status: 'delivered', sent_at: sentAt }])
    expect(await loadSends(worker, bootId, [sessionId], { limit: 10 })).toEqual([])
  })
})

/** Until a statement waits for a lock. */
const untilWaiting = (query: string) =>
  expect
    .poll(() =>
      asOwner(operator, `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '${query}'`),
    )
    .toMatchObject({ rowCount: 1 })
