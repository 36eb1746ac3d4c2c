import type { KubeClient } from '@berth/core/kube/client.ts'
import { isAlreadyExists, isConflict, isInvalid } from '@berth/core/kube/error.ts'
import { SecretKind, SessionKind } from '@berth/core/model/kind.ts'
import type { SessionSpec, WhatsAppSession } from '@berth/core/model/session.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCluster, type TestCluster } from './cluster.ts'

let cluster: TestCluster
let client: KubeClient
beforeAll(async () => {
  cluster = await startTestCluster()
  client = cluster.client
})
afterAll(() => cluster?.close())

const spec = { tenant: 'acme' } as SessionSpec
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
const createSession = (name: string): Promise<WhatsAppSession> =>
  client.create(SessionKind, { metadata: { name }, spec })
const placement = (generation: number, worker = 'w-1') => ({
  worker,
  podUID: `uid-of-${worker}`,
  generation,
  boundAt: '2026-11-21T09:00:00Z',
})

test('creates, reads, replaces and deletes', async () => {
  const created = await createSession('acme.first')
  expect(created.metadata.namespace).toBe(client.namespace)
  expect(created.spec.desiredState).toBe('Running')
  expect(isAlreadyExists(await caught(createSession('acme.first')))).toBe(true)

  const stopped = { ...created, spec: { ...created.spec, desiredState: 'Stopped' as const } }
  const replaced = await client.replace(SessionKind, stopped)
  expect(replaced.spec.desiredState).toBe('Stopped')
  const error = await caught(client.replace(SessionKind, stopped))
  expect(isConflict(error)).toBe(true)
  expect(await client.get(SessionKind, 'acme.first')).toEqual(replaced)

  const other = '00000000-0000-0000-0000-000000000000'
  expect(isConflict(await caught(client.delete(SessionKind, 'acme.first', { uid: other })))).toBe(true)
  expect(await client.delete(SessionKind, 'acme.first', { uid: created.metadata.uid })).toBe(true)
  expect(await client.delete(SessionKind, 'acme.first')).toBe(false)
  expect(await client.get(SessionKind, 'acme.first')).toBeUndefined()
})

test('each manager applies its own part of a status, and a stale one is refused', async () => {
  const { metadata } = await createSession('acme.applied')
  const { name } = metadata
  const placed = await client.apply(
    SessionKind,
    { metadata: { name }, status: { placement: placement(3) } },
    { manager: 'berth-operator', subresource: 'status' },
  )
  expect(placed.status?.placement?.generation).toBe(3)
  const connection = { state: 'Connecting' as const, since: '2026-11-21T09:00:00Z', epoch: 1 }
  const both = await client.apply(
    SessionKind,
    { metadata: { name }, status: { connection } },
    { manager: 'berth-worker', subresource: 'status' },
  )
  expect(both.status).toMatchObject({ placement: placement(3), connection })

  const stale = { metadata: { name, resourceVersion: metadata.resourceVersion }, status: { placement: placement(4) } }
  const options = { manager: 'berth-operator', subresource: 'status' }
  expect(isConflict(await caught(client.apply(SessionKind, stale, options)))).toBe(true)
  const back = { metadata: { name }, status: { placement: placement(2) } }
  const refused = await caught(client.apply(SessionKind, back, options))
  expect(isInvalid(refused)).toBe(true)
  expect((refused as Error).message).toContain('the generation of a placement never falls')
})

test('a field of another manager is a conflict that names it, unless forced', async () => {
  const applied = (desiredState: 'Running' | 'Stopped') => ({
    metadata: { name: 'acme.managed' },
    spec: { ...spec, desiredState },
  })
  await client.apply(SessionKind, applied('Running'), { manager: 'gitops' })
  const error = await caught(client.apply(SessionKind, applied('Stopped'), { manager: 'berth-gateway' }))
  expect(isConflict(error)).toBe(true)
  expect((error as Error).message).toContain('gitops')
  const tried = await client.apply(SessionKind, applied('Stopped'), {
    manager: 'berth-gateway',
    force: true,
    dryRun: true,
  })
  expect(tried.spec.desiredState).toBe('Stopped')
  expect((await client.get(SessionKind, 'acme.managed'))?.spec.desiredState).toBe('Running')
  const forced = await client.apply(SessionKind, applied('Stopped'), { manager: 'berth-gateway', force: true })
  expect(forced.spec.desiredState).toBe('Stopped')
})

test('patches, with a test as condition', async () => {
  await client.create(SecretKind, { metadata: { name: 'patched', labels: { a: '1', b: '2' } } })
  const merged = await client.mergePatch(SecretKind, 'patched', { metadata: { labels: { a: null, c: '3' } } })
  expect(merged.metadata.labels).toEqual({ b: '2', c: '3' })
  const patch = (version = '') => [
    { op: 'test' as const, path: '/metadata/resourceVersion', value: version },
    { op: 'replace' as const, path: '/metadata/labels/b', value: 'x' },
  ]
  const patched = await client.jsonPatch(SecretKind, 'patched', patch(merged.metadata.resourceVersion))
  expect(patched.metadata.labels).toEqual({ b: 'x', c: '3' })
  expect(isInvalid(await caught(client.jsonPatch(SecretKind, 'patched', patch('1'))))).toBe(true)
})

test('lists by label and by field, with the type on every item', async () => {
  for (const name of ['acme.a', 'acme.b', 'acme.c']) {
    await client.create(SessionKind, { metadata: { name, labels: { set: 'listed' } }, spec })
  }
  await client.apply(
    SessionKind,
    { metadata: { name: 'acme.b' }, status: { placement: placement(1, 'w-listed') } },
    { manager: 'berth-operator', subresource: 'status' },
  )
  const labelled = await client.list(SessionKind, { labelSelector: 'set in (listed)' })
  expect(labelled.items.map((s) => s.metadata.name)).toEqual(['acme.a', 'acme.b', 'acme.c'])
  expect(labelled.items[0]).toMatchObject({ apiVersion: 'berth.dev/v1alpha1', kind: 'WhatsAppSession' })
  const placed = await client.list(SessionKind, { fieldSelector: 'status.placement.worker=w-listed' })
  expect(placed.items.map((s) => s.metadata.name)).toEqual(['acme.b'])
  expect(Number(placed.resourceVersion)).toBeGreaterThan(0)
})

test('reads a list of several pages', async () => {
  const names = Array.from({ length: 1_050 }, (_, i) => `page-${String(i).padStart(4, '0')}`)
  for (const name of names) {
    await client.request('POST', `/api/v1/namespaces/${client.namespace}/secrets`, {
      body: { metadata: { name, labels: { set: 'pages' } } },
      urgent: true,
    })
  }
  const { items } = await client.list(SecretKind, { labelSelector: 'set=pages' })
  expect(items.map((s) => s.metadata.name)).toEqual(names)
})
