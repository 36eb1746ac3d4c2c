/** A customer who leaves: nothing of theirs is left, in no table and in no file, and nothing of anybody else's goes. */
import { randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { Berth } from '@berth/client'
import { FolderStore } from '@berth/core/media/folder.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { MediaJanitor } from '@berth/gateway/media/janitor.ts'
import { PostgresMirrorTables } from '@berth/operator/mirror-tables.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asOwner } from '../postgres/as-owner.ts'
import { type TestTenant, World } from './world.ts'

const ANA = { senderPhone: '+5511999990002', senderLid: '2001@lid', chat: '5511999990002@s.whatsapp.net' }
const BOB = { senderPhone: '+5511999990003', chat: '5511999990003@s.whatsapp.net' }

let world: World
beforeAll(async () => {
  world = await World.start({ webhookTargets: 'anywhere' })
})
afterAll(() => world.close())

/** A customer with something in every table that can hold it, and two files, one of them received. */
async function addCustomer(name: string): Promise<{ tenant: TestTenant; sessions: string[]; file: string }> {
  const tenant = await world.addTenant(name)
  const { id, worker } = await world.addConnected(tenant, 'support')
  const url = 'http://127.0.0.1:9/nobody-listens'
  await world.call(tenant, 'POST /v1/webhook-endpoints', { body: { url } })
  const received = [ANA, BOB].map((from) => ({
    ciphertextHash: randomUUID(),
    message: {
      ...from,
      id: randomUUID(),
      whatsappId: randomUUID(),
      fromMe: false,
      type: 'text',
      content: { text: 'Hello' },
      status: 'received' as const,
      sentAt: new Date(),
    },
  }))
  await worker.write(id, { received })
  await world.call(tenant, `DELETE /v1/sessions/support/contacts/${BOB.senderPhone}`)
  const client = new Berth({ url: world.url, apiKey: tenant.key })
  const uploaded = await client.uploadMedia(new Blob([randomBytes(1000)]), { fileName: 'a' })
  const of = `'${tenant.id}', '${id}'`
  const file = randomUUID()
  await new FolderStore(world.mediaFolder).put(file, Readable.from([randomBytes(1000)]), { maxBytes: 10_000 })
  await asOwner(
    world.operatorDb,
    `INSERT INTO berth.media (id, tenant_id, session_id, message_id, status, mime_type)
       SELECT '${file}', m.tenant_id, m.session_id, m.id, 'stored', 'image/png' FROM berth.message m
       WHERE m.session_id = '${id}' LIMIT 1;
     INSERT INTO berth.webhook_lease (endpoint_id, holder, until)
       SELECT id, gen_random_uuid(), now() + '1 hour' FROM berth.webhook_endpoint WHERE tenant_id = '${tenant.id}'
       ON CONFLICT (endpoint_id) DO UPDATE SET holder = excluded.holder, until = excluded.until;
     INSERT INTO berth.event (tenant_id, type, data) VALUES ('${tenant.id}', 'webhook.paused', '{}');
     INSERT INTO berth.credential (session_id, value) VALUES ('${id}', 'x') ON CONFLICT (session_id) DO NOTHING;
     INSERT INTO berth.signal_key (session_id, type, id, value) VALUES ('${id}', 'session', '1', 'x');
     INSERT INTO berth.journal (session_id, ciphertext_hash, body) VALUES ('${id}', 'x', 'x');
     INSERT INTO berth.command (id, tenant_id, session_id, kind) VALUES (gen_random_uuid(), ${of}, 'logout');
     INSERT INTO berth.channel (tenant_id, session_id, provider, phone_number_id, value) VALUES (${of}, 'CloudAPI', '${name}', 'x');
     INSERT INTO berth.inbox (tenant_id, session_id, hash, body) VALUES (${of}, 'x', '{}');
     INSERT INTO berth.idempotent_act (tenant_id, session_id, idempotency_key, request_hash) VALUES (${of}, 'key', 'x');
     INSERT INTO berth.auto_reply (tenant_id, session_id, strategy, settings) VALUES (${of}, 'static', '{}');`,
  )
  expect(uploaded.size).toBe(1000)
  return { tenant, sessions: [id, await world.addSession(tenant, 'sales')], file }
}

/** How many rows of a customer each table has, of those that say whose a row is in any of these columns. */
async function rowsOf(tenantId: string, sessions: string[], endpoints: string[]): Promise<Record<string, number>> {
  const owners: Record<string, string[]> = { tenant_id: [tenantId], session_id: sessions, endpoint_id: endpoints }
  const { rows: columns } = await asOwner(
    world.operatorDb,
    `SELECT c.relname AS table, a.attname AS column FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'berth'::regnamespace AND c.relkind = 'r'
       AND (a.attname IN ('tenant_id', 'session_id', 'endpoint_id') OR (c.relname = 'tenant' AND a.attname = 'id'))`,
  )
  const counts: Record<string, number> = {}
  for (const { table, column } of columns as { table: string; column: string }[]) {
    const ids = (owners[column] ?? [tenantId]).map((id) => `'${id}'`).join(', ')
    const { rows } = await asOwner(
      world.operatorDb,
      `SELECT count(*)::int AS n FROM berth.${table} WHERE ${column} IN (${ids})`,
    )
    counts[table] = Math.max(counts[table] ?? 0, rows[0].n)
  }
  return counts
}

const endpointsOf = async ({ id }: TestTenant): Promise<string[]> =>
  (await asOwner(world.operatorDb, `SELECT id FROM berth.webhook_endpoint WHERE tenant_id = '${id}'`)).rows.map(
    (row) => row.id,
  )

async function files(): Promise<number> {
  const entries = await readdir(world.mediaFolder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).length
}

test('what the operator does for a deleted Tenant leaves no row and no file of theirs', async () => {
  const acme = await addCustomer('acme')
  const globex = await addCustomer('globex')
  const endpoints = { acme: await endpointsOf(acme.tenant), globex: await endpointsOf(globex.tenant) }
  const before = {
    acme: await rowsOf(acme.tenant.id, acme.sessions, endpoints.acme),
    globex: await rowsOf(globex.tenant.id, globex.sessions, endpoints.globex),
  }
  // Otherwise it would say nothing about a table.
  expect(Object.entries(before.acme).filter(([, count]) => count === 0)).toEqual([])
  expect(await files()).toBe(4)

  const mirror = new PostgresMirrorTables(world.operatorDb, (text, values) => world.operatorDb.query(text, values))
  const { tenants, sessions } = await mirror.load()
  for (const session of sessions.filter((row) => row.tenantId === acme.tenant.id)) await mirror.eraseSession(session)
  await mirror.removeTenant(acme.tenant.id)
  const log = createLogger('gateway')
  log.level = 'silent'
  const store = new FolderStore(world.mediaFolder)
  const janitor = new MediaJanitor(world.gatewayDb, store, log)
  await janitor.tidy(new Date())

  expect(tenants.map(({ name }) => name).sort()).toEqual(['acme', 'globex'])
  const after = await rowsOf(acme.tenant.id, acme.sessions, endpoints.acme)
  expect(Object.entries(after).filter(([, count]) => count > 0)).toEqual([])
  expect(await files()).toBe(2)
  expect(await rowsOf(globex.tenant.id, globex.sessions, endpoints.globex)).toEqual(before.globex)

  // Whoever fetched one of them was not done yet.
  await store.put(acme.file, Readable.from([randomBytes(1000)]), { maxBytes: 10_000 })
  await janitor.tidy(new Date())
  expect(await files()).toBe(3)
  await asOwner(world.operatorDb, "UPDATE berth.media_garbage SET forgotten_at = forgotten_at - interval '61 minutes'")
  await janitor.tidy(new Date())
  expect(await files()).toBe(2)
  const { rows: garbage } = await asOwner(world.operatorDb, 'SELECT id FROM berth.media_garbage')
  expect(garbage).toEqual([])
})
