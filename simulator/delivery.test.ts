// What is owed to a device that isn't there, and what survives the simulator's own end.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const ana = '5511911111111'
let world: World
let client: TestClient

beforeEach(async () => {
  world = await World.start({ Shop: shop, Ana: ana })
  client = await world.linked(shop)
})

afterEach(async () => {
  expect(await world.api.faults()).toEqual([])
  await world.stop()
})

const offline = () => until(async () => !(await world.api.devices())[0]!.online, 'the device to be off line')
const acknowledged = () => until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')

it('waits for a device that is off line, in order', async () => {
  client.end()
  await offline()
  const ids: string[] = []
  for (const text of ['one', 'two', 'three']) ids.push(await world.api.sendText(ana, shop, text))
  expect((await world.api.devices())[0]!.queued.message).toBe(3)
  const again = await world.login(client.auth)
  for (const id of ids) await again.message(id)
  expect(again.messages.map((message) => message.message?.conversation)).toEqual(['one', 'two', 'three'])
  await acknowledged()
})

it('sends a message again until the device has said that it has it', async () => {
  // Baileys sends no receipt before its keys are stored.
  const { set } = client.auth.keys
  client.auth.keys.set = () => new Promise(() => {})
  const id = await world.api.sendText(ana, shop, 'hello?')
  const counts = async () => (await world.api.ledgerMessages({ message: id }))[0]!.counts
  await until(async () => (await counts()).sent === 1, 'the message to go out')
  client.end()
  await offline()
  client.auth.keys.set = set
  const again = await world.login(client.auth)
  expect((await again.message(id)).message?.conversation).toBe('hello?')
  await acknowledged()
  expect(await counts()).toEqual({ queued: 1, sent: 2, delivered: 1 })
  again.end()
  await offline()
  const third = await world.login(client.auth)
  expect(third.messages).toEqual([])
})

it('goes on where it was after its own restart', async () => {
  await client.sendText(ana, 'before')
  const early = await world.api.sendText(ana, shop, 'from before')
  await client.message(early)
  await acknowledged()
  await world.restart()
  expect(await client.closed()).toBe(428)
  const owed = await world.api.sendText(ana, shop, 'after')
  const again = await world.login(client.auth)
  expect((await again.message(owed)).message?.conversation).toBe('after')
  const id = await again.sendText(ana, 'still here')
  await until(() => again.status(id) >= 3, 'the delivered receipt')
  const texts = (await world.api.messages(ana, shop)).map(({ text }) => text)
  expect(texts).toEqual(['before', 'from before', 'after', 'still here'])
  const connections = await world.api.connections()
  expect(connections.filter(({ closedAt }) => closedAt === null)).toHaveLength(1)
  expect(connections.find(({ reason }) => reason === 'simulator stopped')).toBeDefined()
})
