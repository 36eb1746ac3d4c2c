/** `prepare` against a real Postgres and the embedded Kubernetes API. On a real one: test/chart. */
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCluster, type TestCluster } from '../kube-client/cluster.ts'
import { berthHere, type Outcome } from './berth.ts'

let cluster: TestCluster
let database: TestDatabase
beforeAll(async () => {
  ;[cluster, database] = await Promise.all([startTestCluster(), startTestPostgres()])
})
afterAll(() => Promise.all([cluster?.close(), database?.close()]))

const run = (line: string, { input, url = database.url }: { input?: string; url?: string } = {}): Promise<Outcome> =>
  berthHere([...line.split(' '), '-n', cluster.client.namespace], {
    env: { KUBECONFIG: cluster.kubeconfig, DATABASE_URL: url },
    ...(input ? { input } : {}),
  })

test('brings CRDs and database to this release, and may be repeated', async () => {
  const first = await run('prepare --json')
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(first.out).map(({ what }: { what: string }) => what)).toEqual([
    'tiers.berth.dev',
    'tenants.berth.dev',
    'whatsappsessions.berth.dev',
    'workers.berth.dev',
    'database',
  ])
  const again = await run('prepare')
  expect(again.out).toMatch(/^(\S+\.berth\.dev unchanged\n){4}database serves the schema \S+ already\n$/)
})

test('leaves a database of a later release as it is, and says so where it does not serve this one', async () => {
  const later = await startTestPostgres()
  try {
    await runAsOwner(later.url, `INSERT INTO berth_migration.applied VALUES ('9999-later', now())`)
    const served = await run('prepare --no-crds', { url: later.url })
    expect(served).toMatchObject({ code: 0, out: expect.stringMatching(/^database serves the schema \S+ already\n$/) })
    await runAsOwner(later.url, `UPDATE berth_migration.served SET oldest = '9999-later'`)
    const refused = await run('prepare --no-crds', { url: later.url })
    expect(refused).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Error: The database has the schema 9999-later/),
    })
  } finally {
    await later.close()
  }
})

test('says what is wrong with the database', async () => {
  const nobody = 'postgres://u:secret@127.0.0.1:9/berth'
  const outcome = await run('prepare --no-crds --timeout 0.1', { url: nobody })
  expect(outcome.code).toBe(1)
  expect(outcome.err).toMatch(
    /^Error: The database did not answer within 0\.1 s: .*ECONNREFUSED.*DATABASE_URL right\?\n$/,
  )
  expect(outcome.err + outcome.out).not.toContain('secret')
  expect((await run('prepare --no-crds', { url: 'berth' })).err).toMatch(/The URL of the database is not one/)
  const wrong = new URL(database.url)
  wrong.pathname = '/there-is-none'
  const missing = await run('prepare --no-crds', { url: wrong.href })
  expect(missing.err).toMatch(/^Error: The database can't be migrated: database "there-is-none" does not exist\.\n$/)
})

test('takes tiers only for tiers', async () => {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })
  expect(await run('prepare --no-crds --no-database --tiers -', { input })).toMatchObject({
    code: 1,
    err: 'Error: configmap/a is no tier.\n',
  })
})
