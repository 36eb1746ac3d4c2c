/** Lists, selectors, pages, tables and watches. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Body, type Cluster, makeNamespace, startCluster, type WatchEvent } from './cluster.ts'
import { installThings, removeThings, type Things } from './thing.ts'

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

let cluster: Cluster
let things: Things

beforeAll(async () => {
  cluster = await startCluster()
  things = await installThings(cluster, 'readthings', await makeNamespace(cluster))
  for (const [name, tenant, tier] of [
    ['a', 'one', 'gold'],
    ['b', 'two', 'gold'],
    ['c', 'one', 'lead'],
  ] as const) {
    await cluster.post(things.path(), things.make(name, { tenant }, { labels: { tier, name } }))
  }
  await cluster.patch(things.path('b', 'status'), {
    status: { worker: 'w1', conditions: [{ type: 'Ready', status: 'True' }] },
  })
})

afterAll(async () => {
  await removeThings(cluster, things)
  await cluster.close()
})

async function names(query: string): Promise<string[]> {
  const { body } = await cluster.get(`${things.path()}?${query}`)
  return body.items.map((item: Body) => item.metadata.name)
}

describe('selectors', () => {
  const cases: [string, string[]][] = [
    ['labelSelector=tier%3Dgold', ['a', 'b']],
    ['labelSelector=tier!%3Dgold', ['c']],
    ['labelSelector=tier%20in%20(gold,lead),name%20notin%20(b)', ['a', 'c']],
    ['labelSelector=tier,!nothing', ['a', 'b', 'c']],
    ['labelSelector=nothing', []],
    ['fieldSelector=metadata.name%3Da', ['a']],
    ['fieldSelector=spec.tenant%3Done', ['a', 'c']],
    ['fieldSelector=spec.tenant!%3Done', ['b']],
    ['fieldSelector=status.worker%3Dw1', ['b']],
    ['fieldSelector=status.worker%3D', ['a', 'c']],
    ['fieldSelector=spec.tenant%3Done&labelSelector=tier%3Dlead', ['c']],
  ]
  test.each(cases)('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected)
  })

  test('an unknown field and an unreadable selector are refused', async () => {
    const field = await cluster.get(`${things.path()}?fieldSelector=spec.limit%3D1`)
    expect(field).toMatchObject({ code: 400, body: { message: 'field label not supported: spec.limit' } })
    expect((await cluster.get(`${things.path()}?labelSelector=a%20in%20(`)).code).toBe(400)
  })
})

test('a list says its kind and version, and crosses namespaces when asked', async () => {
  const { body } = await cluster.get(things.path())
  expect(body).toMatchObject({ kind: `${things.kind}List`, apiVersion: 'suite.berth.dev/v1' })
  expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(0)
  const everywhere = await cluster.get(`/apis/suite.berth.dev/v1/${things.plural}`)
  expect(everywhere.body.items).toHaveLength(3)
})

test('pages follow one another under one version', async () => {
  const first = await cluster.get(`${things.path()}?limit=2`)
  expect(first.body.items).toHaveLength(2)
  expect(first.body.metadata.remainingItemCount).toBe(1)
  const next = encodeURIComponent(first.body.metadata.continue)
  const second = await cluster.get(`${things.path()}?limit=2&continue=${next}`)
  expect(second.body.items.map((item: Body) => item.metadata.name)).toEqual(['c'])
  expect(second.body.metadata.continue ?? '').toBe('')
  expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion)
  expect((await cluster.get(`${things.path()}?limit=2&continue=nonsense`)).code).toBe(400)
})

test('kubectl’s table has the printer columns', async () => {
  const { body } = await cluster.get(things.path(), { accept: TABLE })
  expect(body.kind).toBe('Table')
  expect(body.columnDefinitions.map((column: Body) => [column.name, column.type, column.priority])).toEqual([
    ['Name', 'string', 0],
    ['Tenant', 'string', 0],
    ['Ready', 'string', 0],
    ['Replicas', 'integer', 1],
    ['Age', 'date', 0],
  ])
  const row = body.rows[1]
  expect(row.cells.slice(0, 4)).toEqual(['b', 'two', 'True', 1])
  expect(row.cells[4]).toMatch(/^\d+s$/)
  expect(row.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'b' } })
})

test('metadata alone can be asked for', async () => {
  const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
  const { body } = await cluster.get(things.path(), { accept })
  expect(body.kind).toBe('PartialObjectMetadataList')
  expect(body.items[0].spec).toBeUndefined()
})

test('a version that was never reached is refused', async () => {
  const answer = await cluster.get(`${things.path()}?resourceVersion=99999999`)
  expect(answer).toMatchObject({ code: 504, body: { reason: 'Timeout' } })
})

describe('watches', () => {
  const show = (events: WatchEvent[]) =>
    events.map((event) => `${event.type} ${event.object.metadata.name ?? ''}`.trim())

  test('bring everything after a version, in order', async () => {
    const { body } = await cluster.get(things.path())
    const since = body.metadata.resourceVersion
    const name = 'watched'
    await cluster.post(things.path(), things.make(name, { tenant: 't' }))
    await cluster.patch(things.path(name), { spec: { limit: 1 } })
    await cluster.patch(things.path(name, 'status'), { status: { phase: 'x' } })
    await cluster.delete(things.path(name))
    const events = await cluster.watch(
      `${things.path()}?watch=true&resourceVersion=${since}`,
      (event) => event.type === 'DELETED',
    )
    expect(show(events)).toEqual(['ADDED watched', 'MODIFIED watched', 'MODIFIED watched', 'DELETED watched'])
    const versions = events.map((event) => Number(event.object.metadata.resourceVersion))
    expect(versions).toEqual([...versions].sort((a, b) => a - b))
    expect(new Set(versions).size).toBe(4)
    expect(events[3]!.object.status).toEqual({ phase: 'x' })
  })

  test('without a version start with what is there', async () => {
    const events = await cluster.watch(`${things.path()}?watch=true`, (event) => event.object.metadata.name === 'c')
    expect(show(events)).toEqual(['ADDED a', 'ADDED b', 'ADDED c'])
  })

  test('see changes as they happen', async () => {
    const { body } = await cluster.get(things.path())
    const path = `${things.path()}?watch=true&resourceVersion=${body.metadata.resourceVersion}`
    const seen = cluster.watch(path, (event) => event.object.metadata.labels?.seen === 'yes')
    await cluster.patch(things.path('a'), { metadata: { labels: { seen: 'yes' } } })
    expect(show(await seen)).toEqual(['MODIFIED a'])
    await cluster.patch(things.path('a'), { metadata: { labels: { seen: null } } })
  })

  test('turn leaving and entering a selector into DELETED and ADDED', async () => {
    const { body } = await cluster.get(things.path())
    await cluster.patch(things.path('a', 'status'), { status: { worker: 'w9' } })
    await cluster.patch(things.path('a', 'status'), { status: { worker: 'w8' } })
    await cluster.patch(things.path('a', 'status'), { status: { worker: 'w9', phase: 'back' } })
    const query = `watch=true&resourceVersion=${body.metadata.resourceVersion}&fieldSelector=status.worker%3Dw9`
    const events = await cluster.watch(`${things.path()}?${query}`, (event) => event.object.status?.phase === 'back')
    expect(show(events)).toEqual(['ADDED a', 'DELETED a', 'ADDED a'])
  })

  test('end at their time limit, and mark where they are', async () => {
    const query =
      'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1'
    const events = await cluster.watch(`${things.path()}?${query}`, () => false)
    expect(show(events).slice(0, 3)).toEqual(['ADDED a', 'ADDED b', 'ADDED c'])
    const [bookmark] = events.filter((event) => event.type === 'BOOKMARK')
    expect(bookmark!.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' })
    expect(Number(bookmark!.object.metadata.resourceVersion)).toBeGreaterThan(0)
  })

  test('come as tables for kubectl, with the columns once', async () => {
    const events = await cluster.watch(
      `${things.path()}?watch=true`,
      (event) => event.object.rows[0].object.metadata.name === 'c',
      { accept: TABLE },
    )
    expect(events[0]!.object.columnDefinitions.length).toBe(5)
    expect(events[1]!.object.columnDefinitions ?? null).toBeNull()
    expect(events.map((event) => event.object.rows[0].cells[0])).toEqual(['a', 'b', 'c'])
  })
})
