/** What becomes of pods that Kubernetes can't start, ends or loses; and what a person sees who has only kubectl. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { PodKind, TierKind } from '@berth/core/model/kind.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HUGE_IMAGE, MISSING_IMAGE } from './fake-node.ts'
import { fresh, Installation, PATIENCE } from './installation.ts'

let berth: Installation

beforeAll(async () => {
  berth = await Installation.start()
  berth.startOperator()
})
afterAll(() => berth?.close())

const readyOf = (object: { status?: { conditions?: Condition[] } } | undefined) =>
  getCondition(object?.status?.conditions, 'Ready')

/** A tier of its own, whose pods have this image, and a session that waits for one of them. */
async function installWith(image: string): Promise<{ tier: string; session: string }> {
  const tier = fresh('tier')
  await berth.createTier(tier, 'pro', (spec) => {
    spec.workers.template.image = image
  })
  const tenant = fresh('acme')
  await berth.createTenant(tenant, tier)
  await berth.createSession(`${tenant}.a`, tenant)
  return { tier, session: `${tenant}.a` }
}

const untilEvent = (name: string, reason: string) =>
  berth.until(`event ${reason} of ${name}`, async () => {
    const found = await berth.events(name)
    return found.find((event) => event.reason === reason)
  })

test.concurrent.each([
  ['no node takes', HUGE_IMAGE, 'Unschedulable', /nodes( are)? available/],
  ['has an image that is not there', MISSING_IMAGE, 'ImagePullBackOff', /no such image/],
])(
  'a pod that %s: worker, tier and session say so, in the words of Kubernetes',
  PATIENCE,
  async (_, image, reason, words) => {
    const { tier, session } = await installWith(image)
    const worker = await berth.until(`a worker that is ${reason}`, async () => {
      const found = await berth.workers(tier)
      return found.find((one) => readyOf(one)?.reason === reason)
    })
    expect(readyOf(worker)?.message).toMatch(words)
    const said = await berth.until('the session says so', async () => {
      const condition = readyOf(await berth.session(session))
      return words.test(condition?.message ?? '') && condition
    })
    expect(said.reason).toBe('NoCapacity')
    const sold = await berth.until('the tier says so', async () => {
      const condition = readyOf(await berth.cluster.client.get(TierKind, tier))
      return words.test(condition?.message ?? '') && condition
    })
    expect(sold).toMatchObject({ status: 'False', reason: 'NoCapacity' })
    expect((await untilEvent(worker.metadata.name, reason)).message).toMatch(words)
  },
)

test.concurrent(
  'an evicted pod: its session moves at once, and the events of its worker say why',
  PATIENCE,
  async () => {
    const { tier, session } = await installWith('berth/worker:good')
    const { worker } = (await berth.untilConnected(session)).status!.placement!
    await berth.untilReady(tier, 2)
    await berth.node.evict(worker)
    await berth.untilConnected(session, (name) => name !== worker)
    await berth.until('the worker gone', async () => !(await berth.worker(worker)))
    const { type, message } = await untilEvent(worker, 'Removed')
    expect([type, message]).toEqual([
      'Warning',
      'Removed: its pod is gone (Evicted: The node was low on resource: memory).',
    ])
  },
)

test.concurrent('a process that needs too much memory: the events say so', PATIENCE, async () => {
  const { tier, session } = await installWith('berth/worker:good')
  const { worker } = (await berth.untilConnected(session)).status!.placement!
  await berth.untilReady(tier, 2)
  const lastState = { terminated: { exitCode: 137, reason: 'OOMKilled' } }
  await berth.node.crash(worker, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } }, lastState)
  await berth.untilConnected(session, (name) => name !== worker)
  expect((await untilEvent(worker, 'Revoked')).message).toContain('needed more memory than its limit')
  expect((await untilEvent(worker, 'Lost')).message).toContain('CrashLoopBackOff: back-off 10s')
})

test.concurrent(
  'a pod that is being deleted on a lost node, for ever: its session moves after the lease, and nothing waits for it',
  PATIENCE,
  async () => {
    const { tier, session } = await installWith('berth/worker:good')
    const { worker, podUID } = (await berth.untilConnected(session)).status!.placement!
    await berth.untilReady(tier, 2)
    berth.node.lose(worker)
    await berth.cluster.client.delete(PodKind, worker)
    await berth.untilConnected(session, (name) => name !== worker)
    expect((await berth.lease(podUID)).at(-1)).toMatchObject({ revoked: true })
    expect((await berth.cluster.client.get(PodKind, worker))?.metadata.deletionTimestamp).toBeDefined()
    expect(readyOf(await berth.worker(worker))).toMatchObject({ status: 'False', reason: 'PodDeleted' })
    await berth.untilReady(tier, 2)
  },
)
