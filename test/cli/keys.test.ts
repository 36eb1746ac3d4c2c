import { hashApiKey } from '@berth/core/crypto/api-key.ts'
import { SecretKind } from '@berth/core/model/kind.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCluster } from '../kube-client/cluster.ts'
import { type Pools, startPools } from '../postgres/pools.ts'
import { seedSession } from '../postgres/seed.ts'
import { berth, berthHere } from './berth.ts'

let database: Pools
beforeAll(async () => {
  database = await startPools()
  await seedSession(database.operator, { tenant: 'demo' })
})
afterAll(() => database?.close())

const keys = (...args: string[]) => berthHere(['keys', ...args], { env: { DATABASE_URL: database.url } })

/** The tenant that the gateway lets in with this key. */
async function ownerOf(key: string): Promise<string | undefined> {
  const { rows } = await database.gateway.query<{ tenant_name: string }>('SELECT * FROM api_key_owner($1)', [
    hashApiKey(key),
  ])
  return rows[0]?.tenant_name
}

test('makes a key that opens the door, alone on the output, and takes it back', async () => {
  const created = await keys('create', 'demo', '--name', 'shop')
  expect(created.code).toBe(0)
  const key = created.out.trim()
  expect(key).toMatch(/^wak_live_\w+$/)
  expect(created.err).not.toContain(key)
  expect(await ownerOf(key)).toBe('demo')

  const listed = await keys('list', 'demo')
  expect(listed.out).toMatch(new RegExp(`\\n([0-9a-f-]{36}) +shop +…${key.slice(-4)} `))
  expect(listed.out).not.toContain(key)
  const id = /\n([0-9a-f-]{36}) /.exec(listed.out)![1]!
  expect(await keys('revoke', id)).toEqual({ code: 0, out: `key ${id} revoked\n`, err: '' })
  expect(await ownerOf(key)).toBeUndefined()
  expect((await keys('revoke', id)).out).toBe(`key ${id} was revoked before\n`)
})

test('speaks JSON', async () => {
  const created = JSON.parse((await keys('create', 'demo', '--json')).out)
  expect(created).toMatchObject({ tenant: 'demo', name: 'command line' })
  expect(await ownerOf(created.key)).toBe('demo')
  const listed = JSON.parse((await keys('list', 'demo', '--json')).out)
  expect(listed).toContainEqual(
    expect.objectContaining({ id: created.id, hint: created.key.slice(-4), revoked_at: null }),
  )
})

test('says who and what is not there', async () => {
  expect(await keys('create', 'nobody')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('no tenant "nobody"'),
  })
  expect(await keys('revoke', '00000000-0000-4000-8000-000000000000')).toMatchObject({ code: 1, out: '' })
  expect(await keys('revoke', 'wak_live_x')).toMatchObject({ code: 2, out: '' })
})

test('finds the database of the installation by itself', async () => {
  const cluster = await startTestCluster()
  try {
    const list = () =>
      berth(['keys', 'list', 'demo', '-n', cluster.client.namespace], { env: { KUBECONFIG: cluster.kubeconfig } })
    expect(await list()).toMatchObject({ code: 1, err: expect.stringContaining('Set DATABASE_URL') })
    await cluster.client.create(SecretKind, {
      metadata: { name: 'berth-worker' },
      data: { DATABASE_URL: Buffer.from(database.url).toString('base64') },
    })
    expect(await list()).toMatchObject({ code: 0 })
  } finally {
    await cluster.close()
  }
})
