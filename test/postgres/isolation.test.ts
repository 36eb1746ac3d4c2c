/** Tenants see only their own, by the database's doing: the catalogue is read, and every table is tried as each role. */
import { randomUUID } from 'node:crypto'
import { inTenant, openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSession } from './seed.ts'

let postgres: TestDatabase
let owner: Pool
let gateway: Pool
let worker: Pool

beforeAll(async () => {
  postgres = await startTestPostgres()
  owner = openPool({ url: postgres.url, role: 'berth_operator', application: 'test' })
  gateway = openPool({ url: postgres.url, role: 'berth_gateway', application: 'test' })
  worker = openPool({ url: postgres.url, role: 'berth_worker', application: 'test' })
})
afterAll(async () => {
  await Promise.all([owner.end(), gateway.end(), worker.end()])
  await postgres.close()
})

test('row-level security is enabled and forced on every table', async () => {
  const { rows } = await owner.query<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relnamespace = 'berth'::regnamespace AND relkind IN ('r', 'p')
       AND NOT (relrowsecurity AND relforcerowsecurity)`,
  )
  expect(rows).toEqual([])
})

test('every table with a tenant has an index that begins with it', async () => {
  const { rows } = await owner.query<{ relname: string }>(
    `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
     WHERE c.relnamespace = 'berth'::regnamespace AND c.relkind = 'r'
       AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum)`,
  )
  expect(rows).toEqual([])
})

test('no process acts as a superuser, as an owner of tables, or past row-level security', async () => {
  const { rows } = await owner.query(
    `SELECT rolname FROM pg_roles WHERE rolname LIKE 'berth\\_%' AND (rolsuper OR rolbypassrls OR rolcanlogin)
     UNION SELECT tableowner FROM pg_tables WHERE schemaname = 'berth' AND tableowner LIKE 'berth\\_%'`,
  )
  expect(rows).toEqual([])
})

describe('the gateway', () => {
  test('sees the rows of its tenant and of no other, in every table that it may read', async () => {
    const mine = await seedSession(owner, { tenant: `t-${randomUUID().slice(0, 8)}` })
    const theirs = await seedSession(owner, { tenant: `t-${randomUUID().slice(0, 8)}` })
    const { rows: readable } = await owner.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
       WHERE c.relnamespace = 'berth'::regnamespace AND c.relkind = 'r' AND has_table_privilege('berth_gateway', c.oid, 'SELECT')`,
    )
    expect(readable.map((row) => row.name)).toEqual(
      expect.arrayContaining(['session', 'session_owner', 'message', 'api_key']),
    )
    for (const { name } of readable) {
      const [result] = await inTenant(gateway, mine.tenantId, { text: `SELECT tenant_id FROM ${name}` })
      expect(
        result!.rows.filter((row) => row.tenant_id !== mine.tenantId),
        name,
      ).toEqual([])
    }
    const [sessions] = await inTenant(gateway, mine.tenantId, { text: 'SELECT id FROM session' })
    expect(sessions!.rows).toEqual([{ id: mine.sessionId }])
    const [other] = await inTenant(gateway, mine.tenantId, {
      text: 'SELECT id FROM session WHERE id = $1',
      values: [theirs.sessionId],
    })
    expect(other!.rows).toEqual([])
  })

  test('without a tenant it sees nothing, and the setting does not outlive its transaction', async () => {
    const { tenantId } = await seedSession(owner, { tenant: `t-${randomUUID().slice(0, 8)}` })
    await inTenant(gateway, tenantId, { text: 'SELECT 1' })
    for (const table of ['tenant', 'session', 'session_owner', 'session_state', 'message', 'command', 'api_key']) {
      const { rows } = await gateway.query(`SELECT count(*)::int AS n FROM ${table}`)
      expect(rows, table).toEqual([{ n: 0 }])
    }
  })

  test('cannot write for another tenant', async () => {
    const mine = await seedSession(owner, { tenant: `t-${randomUUID().slice(0, 8)}` })
    const theirs = await seedSession(owner, { tenant: `t-${randomUUID().slice(0, 8)}` })
    const write = inTenant(gateway, mine.tenantId, {
      text: `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status)
             VALUES ($1, $2, $3, 'c', 'w', true, 'text', '{}', 'queued')`,
      values: [randomUUID(), theirs.tenantId, theirs.sessionId],
    })
    await expect(write).rejects.toMatchObject({ code: '42501' })
  })
})

describe('a worker', () => {
  test('has no grant on any table but the installation id', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'berth'::regnamespace AND relkind = 'r'
         AND (has_any_column_privilege('berth_worker', oid, 'SELECT, INSERT, UPDATE')
           OR has_table_privilege('berth_worker', oid, 'DELETE, TRUNCATE'))`,
    )
    expect(rows).toEqual([{ name: 'installation' }])
    await expect(worker.query('SELECT * FROM signal_key')).rejects.toMatchObject({ code: '42501' })
  })

  test('may run the functions of workers and no others', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT proname AS name FROM pg_proc WHERE pronamespace = 'berth'::regnamespace
         AND NOT has_function_privilege('berth_worker', oid, 'EXECUTE') ORDER BY proname`,
    )
    expect(rows.map(({ name }) => name)).toEqual([
      'address_hash',
      'api_key_owner',
      'channel_of_webhook',
      'channels_of_numbers',
      'chat_of',
      'chat_read',
      'chat_told',
      'command_read',
      'conversations_recounted',
      'database_repair',
      'database_run',
      'erase_contact',
      'forget_old_messages',
      'keep_inbox',
      'lease_closed',
      'lease_logins_at',
      'load_deliveries',
      'media_event',
      'media_expected',
      'media_forgotten',
      'media_gone',
      'media_to_forget',
      'merge_person',
      'message_addressed',
      'message_event',
      'message_filed',
      'message_remembered',
      'message_status_event',
      'message_status_time',
      'message_words',
      'note_webhook_health',
      'pause_webhook',
      'person_told',
      'phone_chat',
      'refused_stays',
      'release_webhooks',
      'require_leader',
      'search_messages',
      'session_state_event',
      'settle_deliveries',
      'take_webhooks',
      'tell_event',
      'unread_in',
      'webhook_deliveries_gone',
      'webhook_deliveries_of_event',
      'webhooks_with_new',
      'webhooks_with_open',
    ])
  })
})
