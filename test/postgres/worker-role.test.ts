/**
 * What a worker may do in Postgres, tried as an attacker would: by a login that is a member of its role and of nothing
 * else. Whatever is added to the schema is tried too; the lists are read from the catalogue.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { loadCredentials, loadKeys } from '@berth/core/postgres/auth-state.ts'
import { writeCommit } from '@berth/core/postgres/commit.ts'
import { roles } from '@berth/core/postgres/migrate.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { claim, commitNumber, openLease, owned, release } from '@berth/core/postgres/ownership.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { loadSends } from '@berth/core/postgres/sends.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seedSession } from './seed.ts'

const DENIED = '42501'
const login = `attacker_${randomBytes(4).toString('hex')}`
const password = randomBytes(12).toString('hex')

let postgres: TestDatabase
let operator: Pool
let worker: Pool
let tables: string[]
let victim: { sessionId: string; tenantId: string; bootId: string; epoch: number }

beforeAll(async () => {
  postgres = await startTestPostgres()
  await runAsOwner(postgres.url, `CREATE ROLE ${login} LOGIN PASSWORD '${password}' IN ROLE berth_worker`)
  const url = new URL(postgres.url)
  url.username = login
  url.password = password
  operator = openPool({ url: postgres.url, role: 'berth_operator', application: 'test' })
  worker = openPool({ url: url.href, role: 'berth_worker', application: 'attacker', max: 1 })
  const { rows } = await operator.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'berth'::regnamespace AND relkind IN ('r', 'p')`,
  )
  tables = rows.map(({ name }) => name)
  victim = await hold()
})
afterAll(async () => {
  await Promise.all([operator.end(), worker.end()])
  const { url } = postgres
  await runAsOwner(url, `DROP OWNED BY ${login}`, `DROP ROLE ${login}`)
  await postgres.close()
})

/** A session of a tenant of its own that a boot holds, with a credential and a key. */
async function hold() {
  const { sessionId, tenantId } = await seedSession(operator, { tenant: `t-${randomUUID().slice(0, 8)}` })
  const bootId = randomUUID()
  await openLease(worker, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
  const { epoch } = (await claim(worker, bootId, [{ sessionId, generation: 1 }]))[0]!
  await writeCommit(worker, bootId, 1, [
    {
      ...nothing(sessionId, epoch),
      keys: [{ type: 'session', id: 'a', value: Buffer.from('key') }],
      credential: { linkingAttempt: 1, value: Buffer.from('secret') },
    },
  ])
  return { sessionId, tenantId, bootId, epoch }
}

const nothing = (sessionId: string, epoch: number) => ({
  session: { sessionId, epoch },
  keys: [],
  journal: [],
  received: [],
  statuses: [],
  commands: [],
})

/** The statements that Postgres did not refuse for want of a right. */
async function notDenied(statements: string[]): Promise<string[]> {
  const allowed: string[] = []
  for (const statement of statements) {
    const code = await worker.query(statement).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    )
    if (code !== DENIED) allowed.push(`${statement}: ${code}`)
  }
  return allowed
}

test('no table can be read, written, emptied, copied, locked or changed; the installation id can be read', async () => {
  expect(tables.length).toBeGreaterThan(15)
  const tries = tables.flatMap((table) => [
    ...(table === 'installation'
      ? []
      : [
          `SELECT * FROM ${table}`,
          `COPY ${table} TO STDOUT`,
          `CREATE VIEW pg_temp.v AS SELECT * FROM ${table}; SELECT * FROM pg_temp.v`,
          `GRANT ALL ON ${table} TO ${login}`,
        ]),
    `INSERT INTO ${table} DEFAULT VALUES`,
    `DELETE FROM ${table}`,
    `TRUNCATE ${table} CASCADE`,
    `COPY ${table} FROM PROGRAM 'true'`,
    `DO $$ BEGIN LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE; END $$`,
    `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`,
    `CREATE POLICY mine ON ${table} USING (true)`,
    `CREATE TRIGGER mine AFTER INSERT ON ${table} EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    `DROP TABLE ${table}`,
  ])
  expect(await notDenied(tries)).toEqual([])
  const { rows } = await operator.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns WHERE table_schema = 'berth'`,
  )
  expect(await notDenied(rows.map(({ table, column }) => `UPDATE ${table} SET ${column} = DEFAULT`))).toEqual([])
})

test('no other role can be put on, no object be made or changed, no file be read', async () => {
  const { rows: owner } = await operator.query<{ name: string }>('SELECT session_user AS name')
  const others = [...roles.filter((role) => role !== 'berth_worker'), owner[0]!.name, 'pg_read_all_data']
  const tries = [
    ...others.map((role) => `SET ROLE ${role}`),
    ...others.map((role) => `SET SESSION AUTHORIZATION ${role}`),
    ...others.map((role) => `GRANT ${role} TO ${login}`),
    'CREATE TABLE berth.mine (a int)',
    'CREATE FUNCTION berth.mine() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE OR REPLACE FUNCTION berth.lease_renew(p_boot uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$',
    'ALTER FUNCTION berth.load_credentials(uuid, uuid[]) SET search_path = pg_temp',
    'ALTER FUNCTION berth.load_credentials(uuid, uuid[]) SECURITY INVOKER',
    'CREATE SCHEMA mine',
    'CREATE EXTENSION dblink',
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    'ALTER SYSTEM SET log_statement = none',
    `ALTER ROLE ${login} BYPASSRLS`,
    'SET log_statement = none',
  ]
  expect(await notDenied(tries)).toEqual([])
})

test('the functions of the others cannot be called, not even by who goes back to its login', async () => {
  const { rows } = await operator.query<{ call: string }>(
    `SELECT format('SELECT berth.%I(%s)', p.proname,
       (SELECT string_agg('NULL::' || t::regtype, ', ') FROM unnest(p.proargtypes) t)) AS call
     FROM pg_proc p WHERE pronamespace = 'berth'::regnamespace AND NOT has_function_privilege('berth_worker', oid, 'EXECUTE')`,
  )
  expect(rows.length).toBeGreaterThan(2)
  const calls = rows.map(({ call }) => call)
  expect(await notDenied(calls)).toEqual([])
  await worker.query('RESET ROLE')
  expect(await notDenied([...calls, 'SELECT * FROM signal_key', 'SET ROLE berth_operator'])).toEqual([])
  await worker.query('SET ROLE berth_worker')
})

describe('with a boot of its own, the sessions of another', () => {
  test('cannot be read, written, released or claimed', async () => {
    const mine = await hold()
    const { sessionId, epoch } = victim
    const held = [{ sessionId, epoch }]
    expect(await loadCredentials(worker, mine.bootId, [sessionId])).toEqual([])
    expect(await loadKeys(worker, mine.bootId, [{ sessionId, type: 'session', id: 'a' }])).toEqual([undefined])
    expect(await loadSends(worker, mine.bootId, [sessionId], { limit: 10 })).toEqual([])
    expect(await owned(worker, mine.bootId, held)).toEqual(new Set())
    expect(await release(worker, mine.bootId, held)).toEqual(new Set())
    expect(await claim(worker, mine.bootId, [{ sessionId, generation: 99 }])).toEqual([])
    expect(await writeCommit(worker, mine.bootId, 2, [{ ...nothing(sessionId, epoch), purge: true }])).toEqual(
      new Set(),
    )
    expect((await loadCredentials(worker, victim.bootId, [sessionId])).map(({ value }) => value.toString())).toEqual([
      'secret',
    ])
    expect(await commitNumber(worker, victim.bootId)).toBe(1)
  })

  test('are not shown by tables of the same names that come first', async () => {
    const boot = randomUUID()
    await worker.query('SET search_path = pg_temp, berth')
    await worker.query(
      `CREATE TEMP TABLE session_owner AS SELECT $1::uuid AS session_id, $2::uuid AS tenant_id, 1::bigint AS generation,
         1::bigint AS epoch, $3::uuid AS boot_id, NULL::timestamptz AS released_at`,
      [victim.sessionId, victim.tenantId, boot],
    )
    await worker.query('CREATE TEMP TABLE worker_lease AS SELECT $1::uuid AS boot_id', [boot])
    await worker.query(
      'CREATE FUNCTION pg_temp.unnest(uuid[]) RETURNS SETOF uuid LANGUAGE sql AS $$ SELECT boot_id FROM berth.worker_lease $$',
    )
    await worker.query('GRANT ALL ON session_owner, worker_lease TO PUBLIC')
    expect((await worker.query('SELECT boot_id FROM session_owner')).rows).toEqual([{ boot_id: boot }])
    const read = 'SELECT value FROM berth.load_credentials($1, $2)'
    expect((await worker.query(read, [boot, [victim.sessionId]])).rows).toEqual([])
    expect((await worker.query('SELECT * FROM berth.owned($1, $2, $3)', [boot, [victim.sessionId], [1]])).rows).toEqual(
      [],
    )
    await worker.query('DISCARD TEMP')
    await worker.query('SET search_path = berth')
  })
})
