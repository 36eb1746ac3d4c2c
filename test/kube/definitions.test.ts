/** CustomResourceDefinitions, Berth's own among them; discovery and OpenAPI. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Body, type Cluster, type Json, makeNamespace, startCluster } from './cluster.ts'
import { categoryOf, GROUP, installThings, removeThings, type Things, thingCrd } from './thing.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const OWN = new URL('../../crds/', import.meta.url)

let cluster: Cluster
let namespace: string
let things: Things

beforeAll(async () => {
  cluster = await startCluster()
  namespace = await makeNamespace(cluster)
  things = await installThings(cluster, 'definedthings', namespace)
})

afterAll(async () => {
  await removeThings(cluster, things)
  await cluster.close()
})

test('a definition is established and knows its names', async () => {
  const { body } = await cluster.get(`${CRDS}/${things.plural}.${GROUP}`)
  const established = body.status.conditions.find((entry: Body) => entry.type === 'Established')
  expect(established).toMatchObject({ status: 'True', reason: 'InitialNamesAccepted' })
  expect(body.status.acceptedNames).toMatchObject({
    plural: things.plural,
    kind: things.kind,
    listKind: `${things.kind}List`,
  })
  expect(body.status.storedVersions).toEqual(['v1'])
})

test('a definition must be named after its group and have rules that compile', async () => {
  const misnamed = { ...thingCrd('misnamed'), metadata: { name: 'other.suite.berth.dev' } }
  const refused = await cluster.post(CRDS, misnamed)
  expect(refused.code).toBe(422)
  expect(refused.body.message).toContain('must be spec.names.plural+"."+spec.group')
  const broken = structuredClone(thingCrd('brokenthings')) as Body
  broken.spec.versions[0].schema.openAPIV3Schema['x-kubernetes-validations'] = [{ rule: 'self.spec.(', message: 'm' }]
  const uncompiled = await cluster.post(CRDS, broken)
  expect(uncompiled.code).toBe(422)
  expect(uncompiled.body.message).toContain('x-kubernetes-validations[0].rule: Invalid value')
  expect(uncompiled.body.message).toContain('compilation failed')
})

test('a definition that goes takes its objects and its paths along', async () => {
  const short = await installThings(cluster, 'shortthings', namespace)
  await cluster.post(short.path(), short.make('a', { tenant: 't' }))
  await cluster.post(short.path(), short.make('held', { tenant: 't' }, { finalizers: ['suite.dev/hold'] }))
  expect((await cluster.delete(`${CRDS}/${short.plural}.${GROUP}`)).code).toBe(200)
  await cluster.until(short.path('a'), (answer) => answer.code === 404)
  const held = await cluster.until(short.path('held'), (answer) => answer.body.metadata?.deletionTimestamp)
  expect(held.code).toBe(200)
  expect((await cluster.get(`${CRDS}/${short.plural}.${GROUP}`)).body.metadata.deletionTimestamp).toBeDefined()
  await cluster.patch(short.path('held'), { metadata: { finalizers: null } })
  await cluster.until(`${CRDS}/${short.plural}.${GROUP}`, (answer) => answer.code === 404)
  await cluster.until(short.path(), (answer) => answer.code === 404)
})

test('discovery tells of it in the old form', async () => {
  const groups = await cluster.get('/apis')
  expect(groups.body.groups.map((group: Body) => group.name)).toContain(GROUP)
  expect((await cluster.get(`/apis/${GROUP}`)).body.preferredVersion.version).toBe('v1')
  const { body } = await cluster.get(`/apis/${GROUP}/v1`)
  const resource = (name: string) => body.resources.find((entry: Body) => entry.name === name)
  expect(resource(things.plural)).toMatchObject({
    namespaced: true,
    kind: things.kind,
    singularName: things.plural.slice(0, -1),
    shortNames: [`x${things.plural}`],
    categories: [categoryOf(things.plural)],
  })
  expect(resource(`${things.plural}/status`).kind).toBe(things.kind)
  expect(resource(`${things.plural}/scale`)).toMatchObject({ group: 'autoscaling', version: 'v1', kind: 'Scale' })
})

test('discovery tells of it in the aggregated form', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
  const find = (body: Body) => {
    const group = body.items.find((item: Body) => item.metadata.name === GROUP)
    return group?.versions[0].resources.find((entry: Body) => entry.resource === things.plural)
  }
  // A real server gathers this list from time to time.
  const deadline = Date.now() + 15_000
  let found: Body
  while (!found && Date.now() < deadline) found = find((await cluster.get('/apis', { accept })).body)
  expect(found).toMatchObject({ scope: 'Namespaced', responseKind: { kind: things.kind } })
  expect(found.subresources.map((entry: Body) => entry.subresource).sort()).toEqual(['scale', 'status'])
  const core = await cluster.get('/api', { accept })
  expect(core.body.items[0].versions[0].resources.map((entry: Body) => entry.resource)).toContain('pods')
})

test('OpenAPI describes it, and says that the server checks fields', async () => {
  const key = `apis/${GROUP}/v1`
  const index = await cluster.until('/openapi/v3', (answer) => answer.body.paths[key])
  expect(index.body.paths[key].serverRelativeURL).toMatch(new RegExp(`^/openapi/v3/${key}\\?hash=`))
  const document = await cluster.until(`/openapi/v3/${key}`, (answer) =>
    JSON.stringify(answer.body).includes(things.kind),
  )
  const path = `/apis/${GROUP}/v1/namespaces/{namespace}/${things.plural}/{name}`
  const { patch } = document.body.paths[path]
  expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: GROUP, version: 'v1', kind: things.kind })
  expect(patch.parameters.map((parameter: Body) => parameter.name)).toContain('fieldValidation')
  const schema = document.body.components.schemas[`dev.berth.suite.v1.${things.kind}`]
  expect(schema.properties.spec.properties.tenant.description).toBe('Whose it is')
})

test('OpenAPI version 2 is there for old clients', async () => {
  const { code, body } = await cluster.get('/openapi/v2', {
    accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  })
  expect(code).toBe(200)
  expect(body.length).toBeGreaterThan(10)
})

test('who has no token is refused, except for health and version', async () => {
  const anonymous = { token: 'wrong' }
  expect(await cluster.get('/api/v1/namespaces', anonymous)).toMatchObject({
    code: 401,
    body: { reason: 'Unauthorized' },
  })
  expect((await cluster.get('/readyz')).body).toContain('ok')
  expect((await cluster.get('/version')).body.gitVersion).toMatch(/^v1\./)
})

const ownFiles = readdirSync(OWN).filter((file) => file.endsWith('.yaml'))

test.each(ownFiles)('Berth’s own %s is accepted', async (file) => {
  const crd = parse(readFileSync(new URL(file, OWN), 'utf8')) as Body
  const path = `${CRDS}/${crd.metadata.name}?fieldValidation=Strict`
  const { code, body } = await cluster.apply(path, 'suite', crd, true)
  expect([code, body.message]).toEqual([expect.toBeOneOf([200, 201]), undefined])
})

test('Berth’s session keeps its rules: immutable tenant, generations that never fall', async () => {
  const path = `/apis/berth.dev/v1alpha1/namespaces/${namespace}/whatsappsessions`
  await cluster.until(path, (answer) => answer.code === 200)
  const session: Json = {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'WhatsAppSession',
    metadata: { name: 'acme.support' },
    spec: { tenant: 'acme', provider: 'Baileys' },
  }
  const created = await cluster.post(path, session)
  expect([created.code, created.body.message]).toEqual([201, undefined])
  const moved = await cluster.patch(`${path}/acme.support`, { spec: { tenant: 'other' } })
  expect(moved.body.message).toContain("the tenant can't be changed")
  const misnamed = await cluster.post(path, { ...session, metadata: { name: 'other.support' } })
  expect(misnamed.body.message).toContain("what stands before the dot must be the tenant's name")
  const place = (worker: string, generation: number) =>
    cluster.patch(`${path}/acme.support/status`, {
      status: { placement: { worker, podUID: 'u', generation, boundAt: '2026-01-02T03:04:05Z' } },
    })
  const placed = await place('w1', 2)
  expect([placed.code, placed.body.message]).toEqual([200, undefined])
  expect((await place('w1', 1)).body.message).toContain('the generation of a placement never falls')
  expect((await place('w2', 2)).body.message).toContain('another worker needs a higher generation')
  expect((await place('w2', 3)).code).toBe(200)
  const found = await cluster.get(`${path}?fieldSelector=status.placement.worker%3Dw2`)
  expect(found.body.items).toHaveLength(1)
})
