import { KubeClient } from '@berth/core/kube/client.ts'
import { LeaderElector, type LeaderOptions } from '@berth/core/kube/leader.ts'
import { LeaseKind } from '@berth/core/model/kind.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestCluster, type TestCluster } from './cluster.ts'
import { CuttableProxy } from './proxy.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(() => cluster?.close())

/** So long that no test would end if a lease had to run out. */
const SLOW = { leaseDurationMs: 600_000, renewDeadlineMs: 400_000, retryPeriodMs: 50 }
const FAST = { leaseDurationMs: 2_000, renewDeadlineMs: 1_000, retryPeriodMs: 100 }

/** What the candidates of one lease did, in order. */
class Story {
  readonly lines: string[] = []
  readonly #waiting: { line: string; count: number; resolve: () => void }[] = []

  tell(line: string): void {
    this.lines.push(line)
    for (const waiter of this.#waiting) if (this.#count(waiter.line) >= waiter.count) waiter.resolve()
  }

  until(line: string, count = 1): Promise<void> {
    if (this.#count(line) >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ line, count, resolve }))
  }

  /** A candidate that tells when it starts, when its work is called off, and when its term is over. */
  candidate(client: KubeClient, options: Omit<LeaderOptions, 'onStarted'>): LeaderElector {
    const { identity } = options
    const elector = new LeaderElector(client, {
      ...options,
      onStarted: (signal) => {
        this.tell(`${identity} starts`)
        signal.addEventListener('abort', () => this.tell(`${identity} aborts`))
      },
      onStopped: () => this.tell(`${identity} stopped`),
    })
    void elector.run()
    return elector
  }

  #count(line: string): number {
    return this.lines.filter((told) => told === line).length
  }
}

test('one leads; when it stops it gives the lease up, and the other takes over without waiting', async () => {
  const { client } = cluster
  const story = new Story()
  const a = story.candidate(client, { ...SLOW, name: 'handover', identity: 'a' })
  await story.until('a starts')
  const b = story.candidate(client, { ...SLOW, name: 'handover', identity: 'b' })
  expect(a.isLeader).toBe(true)
  const lease = await client.get(LeaseKind, 'handover')
  expect(lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 600 })
  expect(lease?.spec?.renewTime).toMatch(/\.\d{6}Z$/)
  await a.stop()
  expect(a.isLeader).toBe(false)
  await story.until('b starts')
  expect(story.lines).toEqual(['a starts', 'a aborts', 'a stopped', 'b starts'])
  expect((await client.get(LeaseKind, 'handover'))?.spec?.leaseTransitions).toBe(1)
  await b.stop()
  expect((await client.get(LeaseKind, 'handover'))?.spec?.holderIdentity).toBe('')
})

test('the lease is given up only when the work has ended', async () => {
  const { client } = cluster
  const lines: string[] = []
  const started = Promise.withResolvers<void>()
  const elector = new LeaderElector(client, {
    ...SLOW,
    name: 'winding-down',
    identity: 'a',
    onStarted: async (signal) => {
      started.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      // Longer than giving up the lease would take.
      for (let i = 0; i < 5; i++) lines.push((await client.get(LeaseKind, 'winding-down'))?.spec?.holderIdentity ?? '')
      lines.push('work ended')
    },
    onStopped: () => lines.push('stopped'),
  })
  void elector.run()
  await started.promise
  await elector.stop()
  expect(lines).toEqual(['a', 'a', 'a', 'a', 'a', 'work ended', 'stopped'])
})

test('a leader that is cut off stops before another starts, and waits its turn afterwards', async () => {
  const proxy = await CuttableProxy.start(cluster.config.server)
  const remote = new KubeClient({ ...cluster.config, server: proxy.url })
  const story = new Story()
  const a = story.candidate(remote, { ...FAST, name: 'cut-off', identity: 'a' })
  await story.until('a starts')
  const b = story.candidate(cluster.client, { ...FAST, name: 'cut-off', identity: 'b' })
  proxy.cut()
  await story.until('b starts')
  expect(story.lines).toEqual(['a starts', 'a aborts', 'a stopped', 'b starts'])
  expect(a.isLeader).toBe(false)
  proxy.mend()
  await b.stop()
  await story.until('a starts', 2)
  await a.stop()
  await remote.close()
  await proxy.close()
})

test('a leader whose lease another holds stops at once', async () => {
  const { client } = cluster
  const story = new Story()
  const a = story.candidate(client, { ...SLOW, name: 'usurped', identity: 'a' })
  await story.until('a starts')
  // The leader may renew between our read and our write; a patch without a version always wins.
  await client.mergePatch(LeaseKind, 'usurped', { spec: { holderIdentity: 'usurper' } })
  await story.until('a stopped')
  expect(a.leader).toBe('usurper')
  await a.stop()
  expect((await client.get(LeaseKind, 'usurped'))?.spec?.holderIdentity).toBe('usurper')
})

test('a lease that is deleted or touched by a person is no reason to stop', async () => {
  const { client } = cluster
  const story = new Story()
  const a = story.candidate(client, { ...SLOW, name: 'touched', identity: 'a' })
  await story.until('a starts')
  const renewedAfter = async (change: () => Promise<unknown>) => {
    await change()
    const before = (await client.get(LeaseKind, 'touched'))?.spec?.renewTime
    await expect
      .poll(async () => (await client.get(LeaseKind, 'touched'))?.spec)
      .toSatisfy((spec) => spec?.holderIdentity === 'a' && spec.renewTime !== before)
  }
  await renewedAfter(() => client.mergePatch(LeaseKind, 'touched', { metadata: { labels: { by: 'hand' } } }))
  await renewedAfter(() => client.delete(LeaseKind, 'touched'))
  expect(story.lines).toEqual(['a starts'])
  await a.stop()
})

test('a leader whose work fails gives the lease up and tries again', async () => {
  let terms = 0
  const again = Promise.withResolvers<void>()
  const elector = new LeaderElector(cluster.client, {
    ...SLOW,
    name: 'failing',
    identity: 'a',
    onStarted: async () => {
      terms += 1
      if (terms === 1) throw new Error('no luck')
      again.resolve()
    },
  })
  void elector.run()
  await again.promise
  const lease = await cluster.client.get(LeaseKind, 'failing')
  // Given up and taken again: held on to, the acquisition would be the first one still.
  expect(lease?.spec?.leaseTransitions).toBe(1)
  await elector.stop()
})

test('durations that make no sense are refused', () => {
  const options = { name: 'x', identity: 'a', onStarted: () => {}, leaseDurationMs: 1_000, renewDeadlineMs: 1_000 }
  expect(() => new LeaderElector(cluster.client, options)).toThrow(RangeError)
})
