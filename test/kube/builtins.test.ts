/** The built-in kinds: their defaults, their patches, and how pods go. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Body, type Cluster, makeNamespace, STRATEGIC, startCluster } from './cluster.ts'

let cluster: Cluster
let namespace: string

beforeAll(async () => {
  cluster = await startCluster()
  namespace = await makeNamespace(cluster)
})

afterAll(() => cluster.close())

const core = (plural: string, ...rest: string[]) => ['/api/v1/namespaces', namespace, plural, ...rest].join('/')
const leases = (name?: string) =>
  ['/apis/coordination.k8s.io/v1/namespaces', namespace, 'leases', name].filter(Boolean).join('/')

/** `nodeName` is set on creation: on a real cluster nothing else may set it but the scheduler. */
const pod = (name: string, nodeName?: string) => ({
  metadata: { name, labels: { app: name } },
  spec: {
    ...(nodeName ? { nodeName } : {}),
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 20,
    containers: [{ name: 'main', image: 'worker:1', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] }],
  },
})

describe('pods', () => {
  test('get their defaults', async () => {
    const { code, body } = await cluster.post(core('pods'), pod('defaults'))
    expect(code).toBe(201)
    expect(body).toMatchObject({ apiVersion: 'v1', kind: 'Pod', status: { phase: 'Pending' } })
    expect(body.spec).toMatchObject({ restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' })
    expect(body.spec.containers[0]).toMatchObject({ imagePullPolicy: 'IfNotPresent', ports: [{ protocol: 'TCP' }] })
  })

  test('need containers with a proper name', async () => {
    const none = await cluster.post(core('pods'), { metadata: { name: 'none' }, spec: { containers: [] } })
    expect(none.body.message).toContain('spec.containers: Required value')
    const bad = await cluster.post(core('pods'), {
      metadata: { name: 'bad' },
      spec: { containers: [{ name: 'B_', image: 'x' }] },
    })
    expect(bad.body.message).toContain('spec.containers[0].name: Invalid value: "B_"')
  })

  test('change their image by strategic merge, and little else', async () => {
    await cluster.post(core('pods'), pod('patched'))
    const image = { spec: { containers: [{ name: 'main', image: 'worker:2' }] } }
    const patched = await cluster.patch(core('pods', 'patched'), image, STRATEGIC)
    expect(patched.body.spec.containers[0]).toMatchObject({ image: 'worker:2', env: [{ name: 'A', value: '1' }] })
    const env = { spec: { containers: [{ name: 'main', env: [{ name: 'B', value: '2' }] }] } }
    const refused = await cluster.patch(core('pods', 'patched'), env, STRATEGIC)
    expect(refused.body.message).toContain('spec: Forbidden: pod updates may not change fields other than')
  })

  test('have a status of their own, whose conditions join, and are found by phase and node', async () => {
    await cluster.post(core('pods'), pod('running', 'node-7'))
    const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }
    await cluster.patch(core('pods', 'running', 'status'), running, STRATEGIC)
    const scheduled = { status: { conditions: [{ type: 'PodScheduled', status: 'True' }] } }
    const { body } = await cluster.patch(core('pods', 'running', 'status'), scheduled, STRATEGIC)
    expect(body.status.phase).toBe('Running')
    expect(body.status.conditions.map((entry: Body) => entry.type).sort()).toEqual(['PodScheduled', 'Ready'])
    for (const selector of ['spec.nodeName%3Dnode-7', 'status.phase%3DRunning']) {
      const list = await cluster.get(`${core('pods')}?fieldSelector=${selector}`)
      expect(list.body.items.map((item: Body) => item.metadata.name)).toEqual(['running'])
    }
    await cluster.delete(core('pods', 'running'), { gracePeriodSeconds: 0 })
  })

  test('that no kubelet has go at once', async () => {
    await cluster.post(core('pods'), pod('unplaced'))
    expect((await cluster.delete(core('pods', 'unplaced'))).body.kind).toBe('Pod')
    expect((await cluster.get(core('pods', 'unplaced'))).code).toBe(404)
  })

  test('that a kubelet has stay until it deletes them without grace', async () => {
    await cluster.post(core('pods'), pod('placed', 'node-1'))
    const deleted = await cluster.delete(core('pods', 'placed'))
    expect(deleted.body.metadata.deletionGracePeriodSeconds).toBe(20)
    const until = Date.parse(deleted.body.metadata.deletionTimestamp) - Date.now()
    expect(until).toBeGreaterThan(10_000)
    expect(until).toBeLessThan(30_000)
    const sooner = await cluster.delete(core('pods', 'placed'), { gracePeriodSeconds: 5 })
    expect(sooner.body.metadata.deletionGracePeriodSeconds).toBe(5)
    expect((await cluster.get(core('pods', 'placed'))).code).toBe(200)
    expect((await cluster.delete(core('pods', 'placed'), { gracePeriodSeconds: 0 })).code).toBe(200)
    expect((await cluster.get(core('pods', 'placed'))).code).toBe(404)
  })
})

test('secrets keep strings as base64', async () => {
  const { body } = await cluster.post(core('secrets'), {
    metadata: { name: 's' },
    stringData: { a: 'b' },
    data: { c: 'ZA==' },
  })
  expect(body).toMatchObject({ type: 'Opaque', data: { a: 'Yg==', c: 'ZA==' } })
  expect(body.stringData).toBeUndefined()
  const patched = await cluster.patch(core('secrets', 's'), { stringData: { a: 'd' } }, STRATEGIC)
  expect(patched.body.data).toEqual({ a: 'ZA==', c: 'ZA==' })
})

test('config maps are created, applied and replaced; bad keys are refused', async () => {
  const bad = await cluster.post(core('configmaps'), { metadata: { name: 'bad' }, data: { 'a b': '' } })
  expect(bad.body.message).toContain('data[a b]: Invalid value: "a b": a valid config key must consist of')
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1', b: '2' } }
  await cluster.apply(core('configmaps', 'c'), 'm1', body)
  const applied = await cluster.apply(core('configmaps', 'c'), 'm1', { ...body, data: { b: '3' } })
  expect(applied.body.data).toEqual({ b: '3' })
  const replaced = await cluster.put(core('configmaps', 'c'), { metadata: { name: 'c' }, data: { z: '' } })
  expect(replaced.body.data).toEqual({ z: '' })
})

test('null is the same as absent', async () => {
  const metadata = { name: 'nulls', creationTimestamp: null, labels: null }
  const { code, body } = await cluster.post(core('configmaps'), { metadata, data: null, binaryData: null })
  expect(code).toBe(201)
  expect(body.data).toBeUndefined()
})

test('leases are locked by version and want microseconds', async () => {
  const spec = { holderIdentity: 'me', leaseDurationSeconds: 6, renewTime: '2026-01-02T03:04:05.123456Z' }
  const { body } = await cluster.post(leases(), { metadata: { name: 'l' }, spec })
  expect(body.spec).toEqual(spec)
  expect(await cluster.put(leases('l'), { metadata: { name: 'l' }, spec })).toMatchObject({ code: 422 })
  expect(await cluster.put(leases('l'), { ...body, spec: { ...spec, holderIdentity: 'you' } })).toMatchObject({
    code: 200,
  })
  expect(await cluster.put(leases('l'), body)).toMatchObject({ code: 409, body: { reason: 'Conflict' } })
  const coarse = await cluster.post(leases(), {
    metadata: { name: 'coarse' },
    spec: { renewTime: '2026-01-02T03:04:05Z' },
  })
  expect(coarse).toMatchObject({ code: 400, body: { reason: 'BadRequest' } })
  expect(await cluster.put(leases('new'), { metadata: { name: 'new' }, spec: {} })).toMatchObject({ code: 201 })
})

test('events are found by what they are about', async () => {
  const about = { kind: 'Pod', name: 'p1', namespace, uid: 'u1' }
  const event = {
    metadata: { name: 'e1' },
    involvedObject: about,
    reason: 'Placed',
    message: 'm',
    type: 'Normal',
    count: 1,
  }
  expect((await cluster.post(core('events'), event)).code).toBe(201)
  const query = 'fieldSelector=involvedObject.name%3Dp1,involvedObject.kind%3DPod,reason%3DPlaced'
  const { body } = await cluster.get(`${core('events')}?${query}`)
  expect(body.items).toHaveLength(1)
  expect((await cluster.get(`${core('events')}?fieldSelector=involvedObject.uid%3Du2`)).body.items).toEqual([])
  expect((await cluster.patch(core('events', 'e1'), { count: 2 }, STRATEGIC)).body.count).toBe(2)
})

test('disruption budgets start with an empty status', async () => {
  const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`
  const spec = { maxUnavailable: 1, selector: { matchLabels: { app: 'w' } } }
  const { body } = await cluster.post(path, { metadata: { name: 'b' }, spec })
  expect(body).toMatchObject({ spec, status: { disruptionsAllowed: 0 }, metadata: { generation: 1 } })
})

test('namespaces are labelled with their name; the first one stays', async () => {
  const { body } = await cluster.get(`/api/v1/namespaces/${namespace}`)
  expect(body.metadata.labels['kubernetes.io/metadata.name']).toBe(namespace)
  expect(body.status.phase).toBe('Active')
  const refused = await cluster.delete('/api/v1/namespaces/default')
  expect(refused.body.message).toBe('namespaces "default" is forbidden: this namespace may not be deleted')
  const dotted = await cluster.post('/api/v1/namespaces', { metadata: { name: 'a.b' } })
  expect(dotted.body.message).toContain('must not contain dots')
})

test('an unknown field of a built-in kind is refused when strict', async () => {
  const answer = await cluster.post(`${core('configmaps')}?fieldValidation=Strict`, {
    metadata: { name: 'u' },
    dato: {},
  })
  expect(answer.body.message).toContain('strict decoding error: unknown field "dato"')
})

test('"may I?" is answered', async () => {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  }
  const { code, body } = await cluster.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review)
  expect(code).toBe(201)
  expect(body.status.allowed).toBe(true)
})
