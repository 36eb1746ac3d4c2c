/** Creating, reading, changing and deleting objects of a custom resource. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, JSON_PATCH, makeNamespace, STRATEGIC, startCluster } from './cluster.ts'
import { installThings, removeThings, type Things } from './thing.ts'

let cluster: Cluster
let things: Things

beforeAll(async () => {
  cluster = await startCluster()
  things = await installThings(cluster, 'objectthings', await makeNamespace(cluster))
})

afterAll(async () => {
  await removeThings(cluster, things)
  await cluster.close()
})

test('an object comes back with the metadata and defaults that the server adds', async () => {
  const created = await cluster.post(things.path(), things.make('a', { tenant: 't', hooks: [{ url: 'u' }] }))
  expect(created.code).toBe(201)
  const { metadata, spec } = created.body
  expect(metadata).toMatchObject({ name: 'a', namespace: things.namespace, generation: 1 })
  expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
  expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  expect(spec).toEqual({ tenant: 't', replicas: 1, state: 'Active', hooks: [{ url: 'u', retries: 2 }] })
  expect((await cluster.get(things.path('a'))).body).toEqual(created.body)
})

test('a name is taken once, and generated on request', async () => {
  await cluster.post(things.path(), things.make('twice', { tenant: 't' }))
  const again = await cluster.post(things.path(), things.make('twice', { tenant: 't' }))
  expect(again).toMatchObject({ code: 409, body: { reason: 'AlreadyExists' } })
  expect(again.body.message).toBe(`${things.plural}.suite.berth.dev "twice" already exists`)
  const body = { ...things.make('', { tenant: 't' }), metadata: { generateName: 'gen-' } }
  const generated = await cluster.post(things.path(), body)
  expect(generated.body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/)
})

test('what was never there is 404', async () => {
  expect(await cluster.get(things.path('nobody'))).toMatchObject({
    code: 404,
    body: { reason: 'NotFound', message: `${things.plural}.suite.berth.dev "nobody" not found` },
  })
  expect(await cluster.patch(things.path('nobody'), {})).toMatchObject({ code: 404 })
  expect(await cluster.delete(things.path('nobody'))).toMatchObject({ code: 404 })
  expect(await cluster.put(things.path('nobody'), things.make('nobody', { tenant: 't' }))).toMatchObject({ code: 404 })
  expect((await cluster.get('/apis/suite.berth.dev/v1/nothings')).code).toBe(404)
})

test('names, kinds, versions and namespaces have to fit', async () => {
  const bad = await cluster.post(things.path(), things.make('BAD_', { tenant: 't' }))
  expect(bad.code).toBe(422)
  expect(bad.body.message).toContain(
    'metadata.name: Invalid value: "BAD_": a lowercase RFC 1123 subdomain must consist',
  )
  const body = things.make('x', { tenant: 't' })
  const wrongKind = await cluster.post(things.path(), { ...body, kind: 'Nothing' })
  expect(wrongKind.code).toBe(422)
  expect(wrongKind.body.message).toContain(`kind: Invalid value: "Nothing": must be ${things.kind}`)
  const wrongVersion = await cluster.post(things.path(), { ...body, apiVersion: 'suite.berth.dev/v9' })
  expect(wrongVersion).toMatchObject({ code: 400, body: { reason: 'BadRequest' } })
  const elsewhere = await cluster.post(things.path(), things.make('x', { tenant: 't' }, { namespace: 'elsewhere' }))
  expect(elsewhere.code).toBe(400)
  expect(elsewhere.body.message).toContain('does not match the namespace sent on the request')
  const nowhere = await cluster.post(things.path().replace(things.namespace, 'nowhere'), body)
  expect(nowhere).toMatchObject({ code: 404, body: { message: 'namespaces "nowhere" not found' } })
})

test('a stale version is refused, a missing one too when everything is replaced', async () => {
  const { body } = await cluster.post(things.path(), things.make('locked', { tenant: 't' }))
  const changed = await cluster.patch(things.path('locked'), { spec: { limit: 2 } })
  expect(changed.body.metadata.resourceVersion).not.toBe(body.metadata.resourceVersion)
  const stale = await cluster.put(things.path('locked'), body)
  expect(stale).toMatchObject({ code: 409, body: { reason: 'Conflict' } })
  expect(stale.body.message).toBe(
    `Operation cannot be fulfilled on ${things.plural}.suite.berth.dev "locked": the object has been modified; please apply your changes to the latest version and try again`,
  )
  const blind = await cluster.put(things.path('locked'), things.make('locked', { tenant: 't' }))
  expect(blind.code).toBe(422)
  expect(blind.body.message).toContain('metadata.resourceVersion: Invalid value')
  const version = changed.body.metadata.resourceVersion
  const replaced = await cluster.put(
    things.path('locked'),
    things.make('locked', { tenant: 't' }, { resourceVersion: version }),
  )
  expect(replaced.body.spec).toEqual({ tenant: 't', replicas: 1, state: 'Active' })
})

test('only a change of the spec raises the generation, and no change raises nothing', async () => {
  const path = things.path('counted')
  const first = await cluster.post(things.path(), things.make('counted', { tenant: 't' }))
  const labelled = await cluster.patch(path, { metadata: { labels: { a: 'b' } } })
  expect(labelled.body.metadata.generation).toBe(1)
  const same = await cluster.patch(path, { metadata: { labels: { a: 'b' } } })
  expect(same.body.metadata.resourceVersion).toBe(labelled.body.metadata.resourceVersion)
  expect((await cluster.patch(path, { spec: { limit: 3 } })).body.metadata.generation).toBe(2)
  expect((await cluster.patch(`${path}/status`, { status: { phase: 'x' } })).body.metadata.generation).toBe(2)
  expect(first.body.metadata.generation).toBe(1)
})

test('status is written through its own endpoint only, and nothing else is there', async () => {
  const path = things.path('split')
  const created = await cluster.post(things.path(), {
    ...things.make('split', { tenant: 't' }),
    status: { phase: 'no' },
  })
  expect(created.body.status).toBeUndefined()
  expect((await cluster.patch(path, { status: { phase: 'no' } })).body.status).toBeUndefined()
  const change = { status: { phase: 'yes' }, spec: { limit: 9 }, metadata: { labels: { a: 'b' } } }
  const written = await cluster.patch(`${path}/status`, change)
  expect(written.body.status).toEqual({ phase: 'yes' })
  expect(written.body.spec.limit).toBeUndefined()
  expect(written.body.metadata.labels).toBeUndefined()
  expect((await cluster.get(`${path}/status`)).body).toEqual(written.body)
})

test('scale reads and writes the replicas', async () => {
  const path = things.path('scaled', 'scale')
  await cluster.post(things.path(), things.make('scaled', { tenant: 't' }))
  expect((await cluster.get(path)).body).toMatchObject({
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    spec: { replicas: 1 },
  })
  const patched = await cluster.patch(path, { spec: { replicas: 4 } })
  expect(patched).toMatchObject({ code: 200, body: { kind: 'Scale', spec: { replicas: 4 } } })
  const object = await cluster.get(things.path('scaled'))
  expect(object.body).toMatchObject({ spec: { replicas: 4 }, metadata: { generation: 2 } })
  const scale = { ...patched.body, spec: { replicas: 2 } }
  expect((await cluster.put(path, scale)).body.spec).toEqual({ replicas: 2 })
})

test('JSON patch tests and changes; what it cannot do is 422', async () => {
  const path = things.path('ops')
  await cluster.post(things.path(), things.make('ops', { tenant: 't', steps: ['a', 'b'] }))
  const patched = await cluster.patch(
    path,
    [
      { op: 'test', path: '/spec/tenant', value: 't' },
      { op: 'add', path: '/spec/steps/1', value: 'x' },
      { op: 'add', path: '/spec/steps/-', value: 'z' },
      { op: 'remove', path: '/spec/steps/0' },
      { op: 'add', path: '/metadata/labels', value: { 'a/b': 'c' } },
      { op: 'replace', path: '/metadata/labels/a~1b', value: 'd' },
    ],
    JSON_PATCH,
  )
  expect(patched.body.spec.steps).toEqual(['x', 'b', 'z'])
  expect(patched.body.metadata.labels).toEqual({ 'a/b': 'd' })
  const failed = await cluster.patch(path, [{ op: 'test', path: '/spec/tenant', value: 'other' }], JSON_PATCH)
  expect(failed).toMatchObject({ code: 422, body: { reason: 'Invalid' } })
  expect((await cluster.patch(path, [{ op: 'remove', path: '/spec/nothing' }], JSON_PATCH)).code).toBe(422)
})

test('custom resources have no strategic merge', async () => {
  await cluster.post(things.path(), things.make('plain', { tenant: 't' }))
  const answer = await cluster.patch(things.path('plain'), { spec: { limit: 1 } }, STRATEGIC)
  expect(answer).toMatchObject({ code: 415, body: { reason: 'UnsupportedMediaType' } })
})

test('a dry run answers and writes nothing', async () => {
  const created = await cluster.post(`${things.path()}?dryRun=All`, things.make('dry', { tenant: 't' }))
  expect(created).toMatchObject({ code: 201, body: { spec: { replicas: 1 } } })
  expect((await cluster.get(things.path('dry'))).code).toBe(404)
  await cluster.post(things.path(), things.make('dry', { tenant: 't' }))
  expect((await cluster.patch(`${things.path('dry')}?dryRun=All`, { spec: { limit: 5 } })).body.spec.limit).toBe(5)
  expect((await cluster.delete(`${things.path('dry')}?dryRun=All`)).code).toBe(200)
  expect((await cluster.get(things.path('dry'))).body.spec.limit).toBeUndefined()
})

test('unknown fields are refused, told, or dropped in silence', async () => {
  const body = things.make('strict', { tenant: 't', bogus: 1, inner: { zz: 1 } })
  const strict = await cluster.post(`${things.path()}?fieldValidation=Strict`, body)
  expect(strict.code).toBe(400)
  expect(strict.body.message).toBe(
    `${things.kind} in version "v1" cannot be handled as a ${things.kind}: strict decoding error: unknown field "spec.bogus", unknown field "spec.inner.zz"`,
  )
  const warned = await cluster.post(`${things.path()}?fieldValidation=Warn`, body)
  expect(warned.warnings.join(' ')).toContain('unknown field \\"spec.bogus\\"')
  expect(warned.body.spec).toEqual({ tenant: 't', inner: {}, replicas: 1, state: 'Active' })
  const silent = await cluster.post(`${things.path()}?fieldValidation=Ignore`, {
    ...body,
    metadata: { name: 'silent' },
  })
  expect(silent).toMatchObject({ code: 201, warnings: [] })
})

test('a finalizer keeps an object until it is taken away, and none can be added then', async () => {
  const path = things.path('held')
  await cluster.post(things.path(), things.make('held', { tenant: 't' }, { finalizers: ['suite.dev/hold'] }))
  const deleted = await cluster.delete(path)
  expect(deleted.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, generation: 2 })
  expect(deleted.body.metadata.deletionTimestamp).toBeDefined()
  const more = await cluster.patch(path, { metadata: { finalizers: ['suite.dev/hold', 'suite.dev/more'] } })
  expect(more.code).toBe(422)
  expect(more.body.message).toContain('no new finalizers can be added if the object is being deleted')
  expect((await cluster.patch(path, { metadata: { finalizers: null } })).code).toBe(200)
  expect((await cluster.get(path)).code).toBe(404)
})

test('a delete can insist on uid and version', async () => {
  const { body } = await cluster.post(things.path(), things.make('exact', { tenant: 't' }))
  const wrongUid = await cluster.delete(things.path('exact'), { preconditions: { uid: 'other' } })
  expect(wrongUid.code).toBe(409)
  expect(wrongUid.body.message).toContain('the UID in the precondition (other) does not match the UID in record')
  const wrongVersion = await cluster.delete(things.path('exact'), { preconditions: { resourceVersion: '1' } })
  expect(wrongVersion.code).toBe(409)
  const { uid, resourceVersion } = body.metadata
  const right = await cluster.delete(things.path('exact'), { preconditions: { uid, resourceVersion } })
  expect(right.body).toMatchObject({ status: 'Success', details: { name: 'exact', uid } })
})

test('a collection is deleted by selector', async () => {
  await cluster.post(things.path(), things.make('c1', { tenant: 'many' }))
  await cluster.post(things.path(), things.make('c2', { tenant: 'many' }))
  await cluster.post(things.path(), things.make('c3', { tenant: 'few' }))
  expect((await cluster.delete(`${things.path()}?fieldSelector=spec.tenant%3Dmany`)).code).toBe(200)
  await cluster.until(things.path('c2'), (answer) => answer.code === 404)
  expect((await cluster.get(things.path('c1'))).code).toBe(404)
  expect((await cluster.get(things.path('c3'))).code).toBe(200)
})

test('an unreadable body is refused', async () => {
  expect(await cluster.post(things.path(), '{bad')).toMatchObject({ code: 400, body: { reason: 'BadRequest' } })
})

test('metadata of the wrong type is refused', async () => {
  const body = { ...things.make('typed', { tenant: 't' }), metadata: { name: 'typed', labels: 'x' } }
  expect(await cluster.post(things.path(), body)).toMatchObject({ code: 400, body: { reason: 'BadRequest' } })
  const finalizers = { ...body, metadata: { name: 'typed', finalizers: 'x' } }
  expect(await cluster.post(things.path(), finalizers)).toMatchObject({ code: 400, body: { reason: 'BadRequest' } })
})
