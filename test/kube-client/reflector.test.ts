import { KubeClient } from '@berth/core/kube/client.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import type { Secret } from '@berth/core/model/builtin.ts'
import { SecretKind, SessionKind } from '@berth/core/model/kind.ts'
import type { SessionSpec, WhatsAppSession } from '@berth/core/model/session.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCluster, type TestCluster } from './cluster.ts'
import { CuttableProxy } from './proxy.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(() => cluster?.close())

/** Changes as they are reported, to be waited for. */
class Changes {
  readonly seen: string[] = []
  readonly #waiting: { done: () => boolean; resolve: () => void }[] = []

  readonly take = (event: string, { metadata }: { metadata: { name: string } }): void => {
    this.seen.push(`${event} ${metadata.name}`)
    for (const { done, resolve } of this.#waiting) if (done()) resolve()
  }

  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ done, resolve }))
  }

  async untilSeen(change: string): Promise<void> {
    await this.until(() => this.seen.includes(change))
  }
}

const secret = (name: string, set: string): Secret => ({ metadata: { name, labels: { set } } })

test('follows a kind through creation, change, deletion and re-creation', async () => {
  const { client } = cluster
  await client.create(SecretKind, secret('a', 'followed'))
  const changes = new Changes()
  const reflector = new Reflector(client, SecretKind, { labelSelector: 'set=followed', onChange: changes.take })
  reflector.start()
  await reflector.synced
  expect(changes.seen).toEqual(['added a'])
  await client.mergePatch(SecretKind, 'a', { metadata: { annotations: { x: 'y' } } })
  await client.create(SecretKind, secret('other', 'not-followed'))
  await client.delete(SecretKind, 'a')
  await client.create(SecretKind, secret('a', 'followed'))
  await client.create(SecretKind, secret('b', 'followed'))
  await changes.untilSeen('added b')
  expect(changes.seen).toEqual(['added a', 'modified a', 'deleted a', 'added a', 'added b'])
  expect(reflector.get('a')).toEqual(await readWithoutManagedFields('a'))
  await reflector.stop()
})

test('a worker sees the sessions placed on it, and no longer when they are moved', async () => {
  const { client } = cluster
  const name = 'acme.moving'
  const changes = new Changes()
  const reflector = new Reflector<WhatsAppSession>(client, SessionKind, {
    fieldSelector: 'status.placement.worker=w-1',
    onChange: changes.take,
  })
  reflector.start()
  await reflector.synced
  await client.create(SessionKind, { metadata: { name }, spec: { tenant: 'acme' } as SessionSpec })
  const place = (worker: string, generation: number) =>
    client.apply(
      SessionKind,
      {
        metadata: { name },
        status: { placement: { worker, podUID: `uid-${worker}`, generation, boundAt: '2026-11-21T09:00:00Z' } },
      },
      { manager: 'berth-operator', subresource: 'status' },
    )
  reflector.observe(await place('w-1', 1))
  expect(reflector.get(name)?.status?.placement?.generation).toBe(1)
  reflector.observe(await place('w-2', 2))
  expect(reflector.get(name)).toBeUndefined()
  await place('w-1', 3)
  await changes.until(() => reflector.get(name)?.status?.placement?.generation === 3)
  expect(changes.seen).toEqual([`added ${name}`, `deleted ${name}`, `added ${name}`])
  await reflector.stop()
})

test('a network that is cut again and again costs no change', async () => {
  const proxy = await CuttableProxy.start(cluster.config.server)
  const remote = new KubeClient({ ...cluster.config, server: proxy.url })
  const changes = new Changes()
  const reflector = new Reflector(remote, SecretKind, {
    labelSelector: 'set=cut',
    onChange: changes.take,
    backoff: { baseMs: 10, maxMs: 50 },
  })
  reflector.start()
  await reflector.synced
  const names = Array.from({ length: 60 }, (_, i) => `cut-${i}`)
  for (const [i, name] of names.entries()) {
    if (i % 10 === 3) proxy.cut()
    if (i % 10 === 7) proxy.mend()
    await cluster.client.create(SecretKind, secret(name, 'cut'))
    if (i % 2 === 1) await cluster.client.delete(SecretKind, name)
  }
  proxy.mend()
  await cluster.client.create(SecretKind, secret('cut-end', 'cut'))
  await changes.untilSeen('added cut-end')
  const { items } = await cluster.client.list(SecretKind, { labelSelector: 'set=cut' })
  expect(
    reflector
      .list()
      .map((s) => s.metadata.name)
      .sort(),
  ).toEqual(items.map((s) => s.metadata.name).sort())
  await reflector.stop()
  await remote.close()
  await proxy.close()
})

async function readWithoutManagedFields(name: string): Promise<unknown> {
  const object = (await cluster.client.get(SecretKind, name)) as Secret
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}
