import { KubeClient } from '@berth/core/kube/client.ts'
import { EventRecorder } from '@berth/core/kube/events.ts'
import type { Event, Secret } from '@berth/core/model/builtin.ts'
import { EventKind, SecretKind } from '@berth/core/model/kind.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCluster, type TestCluster } from './cluster.ts'
import { FakeApi, hangUp } from './fake-api.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(() => cluster?.close())

async function subject(name: string): Promise<Secret> {
  return cluster.client.create(SecretKind, { metadata: { name } })
}

async function eventsOf({ metadata }: Secret): Promise<Event[]> {
  const { items } = await cluster.client.list(EventKind, { fieldSelector: `involvedObject.uid=${metadata.uid}` })
  return items
}

const recorder = () => new EventRecorder(cluster.client, { component: 'berth-test', instance: 'berth-test-0' })

test('an event says what happened to which object, and who says so', async () => {
  const object = await subject('told')
  const events = recorder()
  events.record(object, 'Warning', 'NoCapacity', 'no worker has a free slot')
  await events.close()
  expect(await eventsOf(object)).toMatchObject([
    {
      type: 'Warning',
      reason: 'NoCapacity',
      message: 'no worker has a free slot',
      count: 1,
      involvedObject: { kind: 'Secret', apiVersion: 'v1', name: 'told', namespace: cluster.client.namespace },
      source: { component: 'berth-test' },
      reportingComponent: 'berth-test',
      reportingInstance: 'berth-test-0',
    },
  ])
})

test('the same again raises the count, also after the server has forgotten it', async () => {
  const object = await subject('repeated')
  const events = recorder()
  const sent = async () => expect.poll(async () => (await eventsOf(object)).map((e) => e.count))
  events.record(object, 'Normal', 'Moved', 'to w-1')
  await (await sent()).toEqual([1])
  events.record(object, 'Normal', 'Moved', 'to w-1')
  events.record(object, 'Normal', 'Moved', 'to w-1')
  await (await sent()).toEqual([3])
  for (const { metadata } of await eventsOf(object)) await cluster.client.delete(EventKind, metadata.name)
  events.record(object, 'Normal', 'Moved', 'to w-1')
  events.record(object, 'Normal', 'Moved', 'to w-2')
  await events.close()
  const told = (await eventsOf(object)).map((e) => [e.message, e.count])
  expect(told.sort()).toEqual([
    ['to w-1', 4],
    ['to w-2', 1],
  ])
})

test('one noisy object is limited; the others are not', async () => {
  const [noisy, quiet] = [await subject('noisy'), await subject('quiet')]
  const events = recorder()
  for (let i = 0; i < 40; i++) events.record(noisy, 'Normal', 'Noise', `number ${i}`)
  events.record(quiet, 'Normal', 'Word', 'just one')
  await events.close(20_000)
  expect((await eventsOf(noisy)).length).toBe(25)
  expect((await eventsOf(quiet)).length).toBe(1)
})

test('a lost answer is repeated without doubling; a server that is away hurts nobody', async () => {
  const object = await subject('lost')
  const api = await FakeApi.start()
  const client = new KubeClient(api.config)
  const events = new EventRecorder(client, { component: 'berth-test', instance: 'x' })
  api.answerNext(hangUp)
  events.record(object, 'Normal', 'Moved', 'to w-1')
  await expect.poll(() => api.requests.length).toBe(2)
  const [first, second] = api.requests.map((r) => (r.body as Event).metadata.name)
  expect(second).toBe(first)
  await api.close()
  events.record(object, 'Normal', 'Moved', 'to w-2')
  await events.close(100)
  await client.close()
})
