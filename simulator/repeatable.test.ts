// With a seed and a clock of its own, the same history gives the same ids and times.
import { afterEach, expect, it, vi } from 'vitest'
import type { SimulatorOptions } from './server.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const ana = '5511911111111'
const bob = '5511922222222'
const worlds: World[] = []

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.stop()))
})

async function start(options: Partial<SimulatorOptions>): Promise<World> {
  const world = await World.start({ Ana: ana, Bob: bob }, options)
  worlds.push(world)
  return world
}

/** Everything with an id or a time in it, after a little of everything. */
async function history(world: World) {
  const { api } = world
  const group = await api.createGroup({ subject: 'Family', members: [ana, bob] })
  const ids = [await api.sendText(ana, bob, 'hello'), await api.sendText(bob, group.id, 'all')]
  await world.connect().qr()
  const [waiting] = await api.waiting()
  return { phones: await api.phones(), group, ids, messages: await api.messages(bob, ana), waiting }
}

it('the seed decides the ids, the clock the times', async () => {
  const now = () => Date.UTC(2030, 0, 1)
  const [one, two, other] = await Promise.all(['a', 'a', 'b'].map((seed) => start({ seed, now })))
  const first = await history(one!)
  expect(await history(two!)).toEqual(first)
  expect([first.phones[0]!.createdAt, first.messages[0]!.at, first.waiting!.since]).toEqual([now(), now(), now()])
  const different = await history(other!)
  expect(different.ids.some((id) => first.ids.includes(id))).toBe(false)
  expect(different.phones[0]!.lid).not.toBe(first.phones[0]!.lid)
})

it('a restart repeats no id', async () => {
  const world = await start({ seed: 'a' })
  const before = await world.api.sendText(ana, bob, 'hello')
  await world.restart()
  expect(await world.api.sendText(ana, bob, 'hello')).not.toBe(before)
  expect(await world.api.messages(bob, ana)).toHaveLength(2)
})

it('without strictness nothing is held against a client', async () => {
  const world = await start({ strict: false })
  const client = await world.linked(ana)
  await client.socket.sendNode({ tag: 'strange', attrs: { id: '1' } })
  // The server takes one stanza after the other.
  await client.socket.sendMessage(`${bob}@s.whatsapp.net`, { text: 'after it' })
  await vi.waitFor(async () => expect(await world.api.messages(bob, ana)).toHaveLength(1), { timeout: 60_000 })
  expect(await world.api.faults()).toEqual([])
})
