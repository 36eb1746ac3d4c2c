/** A changed template replaces the workers, session by session, and stops by itself when that goes wrong. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { PodKind, TierKind } from '@berth/core/model/kind.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MISSING_IMAGE, OFFLINE_IMAGE } from './fake-node.ts'
import { fresh, Installation, PATIENCE } from './installation.ts'

const GOOD_IMAGE = 'berth/worker:good'

let berth: Installation

beforeAll(async () => {
  berth = await Installation.start()
  berth.startOperator()
})
afterAll(() => berth?.close())

/** A tier with a spare worker, and one with two tenants of two sessions each. */
class Customers {
  readonly tier = fresh('tier')
  readonly sessions: string[] = []

  /** `deadlineSeconds`: of an update. */
  static async arrive(deadlineSeconds: number): Promise<Customers> {
    const customers = new Customers()
    const { tier, sessions } = customers
    await berth.createTier(tier, 'pro', (spec) => {
      spec.workers.template.image = GOOD_IMAGE
      spec.update = { maxSurge: 1, maxMoving: 1, deadlineSeconds, failureThreshold: 2 }
    })
    for (const tenant of [fresh('acme'), fresh('acme')]) {
      await berth.createTenant(tenant, tier)
      for (const name of ['a', 'b']) {
        sessions.push(`${tenant}.${name}`)
        await berth.createSession(`${tenant}.${name}`, tenant)
      }
    }
    await customers.untilConnected()
    await berth.untilReady(tier, 2)
    return customers
  }

  async setImage(image: string): Promise<void> {
    await berth.cluster.client.mergePatch(TierKind, this.tier, { spec: { workers: { template: { image } } } })
  }

  status = async () => (await berth.cluster.client.get(TierKind, this.tier))?.status

  untilProgress(reason: string): Promise<Condition> {
    return berth.until(`the update is ${reason}`, async () => {
      const condition = getCondition((await this.status())?.conditions, 'Progressing')
      return condition?.reason === reason && condition
    })
  }

  async untilConnected(where?: (worker: string) => boolean): Promise<void> {
    for (const name of this.sessions) await berth.untilConnected(name, where)
  }

  async images(): Promise<string[]> {
    const names = new Set((await berth.workers(this.tier)).map(({ metadata }) => metadata.name))
    const { items } = await berth.cluster.client.list(PodKind)
    return items.filter(({ metadata }) => names.has(metadata.name)).map(({ spec }) => spec.containers[0]!.image)
  }

  placements = () => Promise.all(this.sessions.map(async (name) => (await berth.session(name))?.status?.placement))

  places = async () => (await this.placements()).map((placement) => placement?.worker)

  /** What they did, in order: one was released, one was claimed, … */
  async moves(): Promise<{ what: string; sessionId: string }[]> {
    const ids = new Set(await Promise.all(this.sessions.map(async (name) => (await berth.session(name))?.status?.id)))
    return berth.node.moves.filter(({ sessionId }) => ids.has(sessionId)).slice(this.sessions.length)
  }

  said = async () => (await berth.events(this.tier)).map(({ reason }) => reason)
}

test.concurrent('workers are replaced, and each session is back before the next one leaves', PATIENCE, async () => {
  const customers = await Customers.arrive(120)
  const before = await customers.places()
  await customers.setImage('berth/worker:next')
  await customers.untilProgress('Updating')
  await customers.untilProgress('UpToDate')
  await berth.until('the old workers gone', async () =>
    (await customers.images()).every((image) => image === 'berth/worker:next'),
  )
  await customers.untilConnected((worker) => !before.includes(worker))

  const moves = await customers.moves()
  expect(moves.map(({ what }) => what)).toEqual(customers.sessions.flatMap(() => ['release', 'claim']))
  for (let i = 0; i < moves.length; i += 2) expect(moves[i]?.sessionId).toBe(moves[i + 1]?.sessionId)
  expect(await customers.status()).toMatchObject({ workers: 2, readyWorkers: 2, updatedWorkers: 2 })
  expect((await customers.placements()).filter((placement) => placement?.awaited)).toEqual([])
  await berth.until('the events', async () => {
    const said = await customers.said()
    return ['Updating', 'UpToDate'].every((reason) => said.includes(reason))
  })
})

test.concurrent('it stops when moved sessions are not back; the old template brings them back', PATIENCE, async () => {
  const customers = await Customers.arrive(2)
  const before = await customers.places()
  await customers.setImage(OFFLINE_IMAGE)
  const stopped = await customers.untilProgress('SessionsMissing')
  expect(stopped).toMatchObject({ status: 'False' })
  const after = await customers.places()
  const moved = customers.sessions.filter((_, index) => after[index] !== before[index])
  expect(moved).toHaveLength(2)
  for (const name of moved) {
    expect(stopped.message).toContain(name)
    await berth.untilReason(name, 'Disconnected')
  }
  await berth.until('the event', async () => (await customers.said()).includes('SessionsMissing'))

  await customers.setImage(GOOD_IMAGE)
  await customers.untilConnected()
  await customers.untilProgress('UpToDate')
  await berth.until('the bad workers gone', async () =>
    (await customers.images()).every((image) => image === GOOD_IMAGE),
  )
})

test.concurrent('a new template whose pods do not start moves nothing, and says why', PATIENCE, async () => {
  const customers = await Customers.arrive(2)
  const before = await customers.places()
  await customers.setImage(MISSING_IMAGE)
  const stopped = await customers.untilProgress('WorkersNotReady')
  const waiting = (await berth.workers(customers.tier)).find(({ status }) => {
    return getCondition(status?.conditions, 'Ready')?.status === 'False'
  })
  expect(stopped.message).toContain(waiting?.metadata.name)
  expect(await customers.places()).toEqual(before)
  await customers.setImage(GOOD_IMAGE)
  await customers.untilProgress('UpToDate')
  await berth.until('the pod gone that never started', async () => !(await customers.images()).includes(MISSING_IMAGE))
  expect(await customers.places()).toEqual(before)
})
