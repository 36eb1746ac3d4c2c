/** A changed template replaces the workers, session by session, and stops by itself when that goes wrong. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { PodKind, TierKind } from '@berth/core/model/kind.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { MISSING_IMAGE, OFFLINE_IMAGE } from './fake-node.ts'
import { fresh, Installation } from './installation.ts'

const GOOD_IMAGE = 'berth/worker:good'

let berth: Installation
let tier: string
let sessions: string[]

beforeAll(async () => {
  berth = await Installation.start()
  berth.startOperator()
})
afterAll(() => berth?.close())

/** Two tenants with two sessions each on one worker, and a spare one. */
beforeEach(async () => {
  tier = fresh('tier')
  await berth.createTier(tier, 'pro', (spec) => {
    spec.workers.template.image = GOOD_IMAGE
    spec.update = { maxSurge: 1, maxMoving: 1, deadlineSeconds: 1, failureThreshold: 2 }
  })
  sessions = []
  for (const tenant of [fresh('acme'), fresh('acme')]) {
    await berth.createTenant(tenant, tier)
    for (const name of ['a', 'b']) {
      sessions.push(`${tenant}.${name}`)
      await berth.createSession(`${tenant}.${name}`, tenant)
    }
  }
  for (const name of sessions) await berth.untilConnected(name)
  await berth.untilReady(tier, 2)
})

const setImage = (image: string) =>
  berth.cluster.client.mergePatch(TierKind, tier, { spec: { workers: { template: { image } } } })

const progress = async () =>
  getCondition((await berth.cluster.client.get(TierKind, tier))?.status?.conditions, 'Progressing')

const untilProgress = (reason: string) =>
  berth.until(`the update is ${reason}`, async () => {
    const condition = await progress()
    return condition?.reason === reason && condition
  })

const imagesOf = async (): Promise<string[]> => {
  const names = new Set((await berth.workers(tier)).map(({ metadata }) => metadata.name))
  const { items } = await berth.cluster.client.list(PodKind)
  return items.filter(({ metadata }) => names.has(metadata.name)).map(({ spec }) => spec.containers[0]!.image)
}

/** What the sessions of this test did, in order: one that was released, one that was claimed, … */
async function movesSince(start: number): Promise<{ what: string; sessionId: string }[]> {
  const ids = new Set(await Promise.all(sessions.map(async (name) => (await berth.session(name))?.status?.id)))
  return berth.node.moves.slice(start).filter(({ sessionId }) => ids.has(sessionId))
}

const placesOf = () => Promise.all(sessions.map(async (name) => (await berth.session(name))?.status?.placement?.worker))

test('workers are replaced, the spare one first, and each session is back before the next one leaves', async () => {
  const before = await placesOf()
  const start = berth.node.moves.length
  await setImage('berth/worker:next')
  await untilProgress('Updating')
  await untilProgress('UpToDate')
  await berth.until('the old workers gone', async () =>
    (await imagesOf()).every((image) => image === 'berth/worker:next'),
  )
  for (const name of sessions) await berth.untilConnected(name, (worker) => !before.includes(worker))

  const moves = await movesSince(start)
  expect(moves.map(({ what }) => what)).toEqual(sessions.flatMap(() => ['release', 'claim']))
  for (let i = 0; i < moves.length; i += 2) expect(moves[i]?.sessionId).toBe(moves[i + 1]?.sessionId)
  const status = (await berth.cluster.client.get(TierKind, tier))?.status
  expect(status).toMatchObject({ workers: 2, readyWorkers: 2, updatedWorkers: 2 })
  const marks = await Promise.all(sessions.map(async (name) => (await berth.session(name))?.status?.placement?.awaited))
  expect(marks).toEqual(sessions.map(() => undefined))
  const said = (await berth.events(tier)).map(({ reason }) => reason)
  expect(said).toEqual(expect.arrayContaining(['Updating', 'UpToDate']))
})

test('it stops when moved sessions are not back, says which, and the old template brings them back', async () => {
  const before = await placesOf()
  await setImage(OFFLINE_IMAGE)
  const stopped = await untilProgress('SessionsMissing')
  expect(stopped).toMatchObject({ status: 'False' })
  const after = await placesOf()
  const moved = sessions.filter((_, index) => after[index] !== before[index])
  expect(moved).toHaveLength(2)
  for (const name of moved) {
    expect(stopped.message).toContain(name)
    await berth.untilReason(name, 'Disconnected')
  }
  await berth.until('the event', async () =>
    (await berth.events(tier)).some(({ reason }) => reason === 'SessionsMissing'),
  )

  await setImage(GOOD_IMAGE)
  for (const name of sessions) await berth.untilConnected(name)
  await untilProgress('UpToDate')
  await berth.until('the bad workers gone', async () => (await imagesOf()).every((image) => image === GOOD_IMAGE))
})

test('a new template whose pods do not start moves nothing, and says why', async () => {
  const places = await placesOf()
  await setImage(MISSING_IMAGE)
  const stopped = await untilProgress('WorkersNotReady')
  const [waiting] = (await berth.workers(tier)).filter(({ status }) => {
    return getCondition(status?.conditions, 'Ready')?.status === 'False'
  })
  expect(stopped.message).toContain(waiting?.metadata.name)
  expect(await placesOf()).toEqual(places)
  await setImage(GOOD_IMAGE)
  await untilProgress('UpToDate')
  await berth.until('the pod gone that never started', async () => !(await imagesOf()).includes(MISSING_IMAGE))
  expect(await placesOf()).toEqual(places)
})
