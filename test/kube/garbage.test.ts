/** The work of a cluster's controllers that the embedded server does itself: owners, namespaces. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Body, type Cluster, makeNamespace, startCluster } from './cluster.ts'

const MAPS = 'configmaps'

describe('the collector', () => {
  let cluster: Cluster
  let namespace: string

  beforeAll(async () => {
    cluster = await startCluster()
    namespace = await makeNamespace(cluster)
  })

  afterAll(() => cluster.close())

  const path = (name?: string) => ['/api/v1/namespaces', namespace, MAPS, name].filter(Boolean).join('/')

  const ownedBy = ({ metadata }: Body, more: object = {}) => {
    const { name, uid } = metadata
    return { apiVersion: 'v1', kind: 'ConfigMap', name, uid, ...more }
  }

  async function make(name: string, ...owners: Body[]): Promise<Body> {
    const ownerReferences = owners.map((owner) => ownedBy(owner))
    return (await cluster.post(path(), { metadata: { name, ownerReferences } })).body
  }

  const gone = (name: string) => cluster.until(path(name), (answer) => answer.code === 404)

  test('deletes what its owner leaves behind, generation by generation', async () => {
    const owner = await make('owner')
    const child = await make('child', owner)
    await make('grandchild', child)
    await cluster.delete(path('owner'))
    await gone('grandchild')
    await gone('child')
  })

  test('keeps what has another owner', async () => {
    const [first, second] = [await make('first'), await make('second')]
    await make('shared', first, second)
    await make('only', first)
    await cluster.delete(path('first'))
    await gone('only')
    expect((await cluster.get(path('shared'))).code).toBe(200)
    await cluster.delete(path('second'))
    await gone('shared')
  })

  test('deletes dependents first when asked, and none when told to orphan them', async () => {
    const owner = await make('foreground')
    const hold = { finalizers: ['suite.dev/hold'] }
    const waitedFor = { ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })] }
    await cluster.post(path(), { metadata: { name: 'held', ...hold, ...waitedFor } })
    const deleted = await cluster.delete(path('foreground'), { propagationPolicy: 'Foreground' })
    expect(deleted.body.metadata.finalizers).toEqual(['foregroundDeletion'])
    await cluster.until(path('held'), (answer) => answer.body.metadata.deletionTimestamp)
    expect((await cluster.get(path('foreground'))).code).toBe(200)
    await cluster.patch(path('held'), { metadata: { finalizers: null } })
    await gone('foreground')
    await gone('held')
    const parent = await make('parent')
    await make('orphan', parent)
    await cluster.delete(path('parent'), { propagationPolicy: 'Orphan' })
    await gone('parent')
    expect((await cluster.get(path('orphan'))).body.metadata.ownerReferences).toBeUndefined()
  })

  test('lets an owner go before a dependent that it need not wait for', async () => {
    const owner = await make('hasty')
    await cluster.post(path(), {
      metadata: {
        name: 'slow',
        finalizers: ['suite.dev/hold'],
        ownerReferences: [ownedBy(owner)],
      },
    })
    await cluster.delete(path('hasty'), { propagationPolicy: 'Foreground' })
    await gone('hasty')
    await cluster.until(path('slow'), (answer) => answer.body.metadata.deletionTimestamp)
    await cluster.patch(path('slow'), { metadata: { finalizers: null } })
    await gone('slow')
  })

  test('deletes what names an owner that was never there', async () => {
    await make('stray', { metadata: { name: 'ghost', uid: 'no-such-uid' } })
    await gone('stray')
  })

  test('empties a namespace before it goes, and lets nothing new in', async () => {
    const other = await makeNamespace(cluster)
    const inside = `/api/v1/namespaces/${other}/${MAPS}`
    await cluster.post(inside, { metadata: { name: 'plain' } })
    await cluster.post(inside, { metadata: { name: 'held', finalizers: ['suite.dev/hold'] } })
    const deleted = await cluster.delete(`/api/v1/namespaces/${other}`)
    expect(deleted.body.status.phase).toBe('Terminating')
    await cluster.until(`${inside}/plain`, (answer) => answer.code === 404)
    const late = await cluster.post(inside, { metadata: { name: 'late' } })
    expect(late).toMatchObject({ code: 403, body: { reason: 'Forbidden' } })
    expect(late.body.message).toContain('because it is being terminated')
    await cluster.patch(`${inside}/held`, { metadata: { finalizers: null } })
    await cluster.until(`/api/v1/namespaces/${other}`, (answer) => answer.code === 404)
  })
})
