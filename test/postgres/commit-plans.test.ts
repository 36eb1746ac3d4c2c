/**
 * A commit reads the rows that it writes and no others, although its plans were made when the tables were empty: counted by
 * Postgres itself, on the connection whose first commit came before everything else.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { type SessionRows, writeCommit } from '@berth/core/postgres/commit.ts'
import { type Claim, claim, openLease } from '@berth/core/postgres/ownership.ts'
import { openClient, openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asOwner } from './as-owner.ts'
import { seedSession } from './seed.ts'

const SESSIONS = 20
const MESSAGES = 30
/** Of one commit of one row of each kind; a row may be read by several statements. */
const FEW = 5
const TABLES = [
  'session_owner',
  'signal_key',
  'credential',
  'journal',
  'message',
  'session_state',
  'command',
  'contact',
  'conversation',
]

let postgres: TestDatabase
let operator: Pool
let worker: Awaited<ReturnType<typeof openClient>>
const bootId = randomUUID()
let commits = 0

beforeAll(async () => {
  postgres = await startTestPostgres()
  operator = openPool({ url: postgres.url, role: 'berth_operator', application: 'test' })
  worker = await openClient({ url: postgres.url, role: 'berth_worker', application: 'test' })
})
afterAll(async () => {
  await Promise.all([operator.end(), worker.end()])
  await postgres.close()
})

/** Something of every kind. */
function rowsOf({ sessionId, epoch }: Claim, sentId: string): SessionRows {
  const ciphertextHash = randomUUID()
  const value = randomBytes(50)
  return {
    session: { sessionId, epoch },
    keys: [
      { type: 'session', id: 'kept', value },
      { type: 'session', id: 'gone', value: undefined },
    ],
    credential: { linkingAttempt: 0, value },
    journal: [{ ciphertextHash, body: value }],
    received: [
      {
        ciphertextHash,
        message: {
          id: randomUUID(),
          chat: '5511900000002@s.whatsapp.net',
          whatsappId: randomUUID(),
          fromMe: false,
          senderPhone: '+5511900000002',
          senderLid: '100000000002@lid',
          type: 'text',
          content: { text: 'hello' },
          status: 'received',
          sentAt: new Date(),
        },
      },
    ],
    statuses: [{ whatsappId: sentId, status: 'sent', sentAt: new Date() }],
    state: { state: 'Connected', attempt: 0, since: new Date() },
    commands: [{ id: randomUUID(), status: 'done' }],
    people: [{ phone: '+5511900000002', lid: '100000000002@lid' }],
    chats: [{ chat: '5511900000002@s.whatsapp.net', read: [randomUUID()], archived: false }],
  }
}

const write = (rows: SessionRows[]) => writeCommit(worker, bootId, ++commits, rows)

/** Rows to be sent, as the gateway writes them; answers their WhatsApp ids. */
async function queueSends({ tenantId, sessionId }: Claim): Promise<string[]> {
  const ids = Array.from({ length: MESSAGES }, () => randomUUID())
  await asOwner(
    operator,
    `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status)
     SELECT gen_random_uuid(), '${tenantId}', '${sessionId}', 'chat', id, true, 'text', '{}', 'queued'
     FROM unnest('{${ids.join()}}'::text[]) id`,
  )
  return ids
}

/** Rows that were read so far, by table. */
async function rowsRead(): Promise<Map<string, number>> {
  await worker.query('SELECT pg_stat_force_next_flush()')
  const { rows } = await operator.query<{ name: string; read: number }>(
    `SELECT relname AS name, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read FROM pg_stat_all_tables
     WHERE schemaname = 'berth'`,
  )
  return new Map(rows.map(({ name, read }) => [name, read]))
}

test('with plans made on empty tables, a commit looks each of its rows up by its key', async () => {
  await openLease(worker, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
  const seeded = await Promise.all(
    Array.from({ length: SESSIONS }, (_, i) => seedSession(operator, { tenant: 'acme', name: `s${i}` })),
  )
  const wanted = seeded.map(({ sessionId }) => ({ sessionId, generation: 1 }))
  const claims = (await claim(worker, bootId, wanted)).sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
  await write([rowsOf(claims[0]!, 'nothing')])

  const sent: string[][] = []
  for (const one of claims) sent.push(await queueSends(one))
  for (let i = 0; i < MESSAGES - 1; i++) await write(claims.map((one, s) => rowsOf(one, sent[s]![i]!)))

  const before = await rowsRead()
  expect(await write([rowsOf(claims[7]!, sent[7]!.at(-1)!)])).toEqual(new Set([claims[7]!.sessionId]))
  const after = await rowsRead()
  const read = TABLES.map((table) => [table, after.get(table)! - before.get(table)!] as const)
  expect(after.get('message')).toBeGreaterThan(before.get('message')!) // it counts at all
  expect(read.filter(([, rows]) => rows > FEW)).toEqual([])
})
