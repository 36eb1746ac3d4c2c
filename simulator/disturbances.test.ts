// What planned disturbances do to the unmodified Baileys.
import type { BinaryNode } from '@whiskeysockets/baileys'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewDisturbance } from './api/disturbance-schemas.ts'
import { link, type TestClient } from './testing/baileys.ts'
import type { MemoryAuth } from './testing/memory-auth.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const shop = '5511900000001'
const ana = '5511911111111'
const toShop = { direction: 'to-device', number: shop, tag: 'message' } as const
const fromShop = { direction: 'from-device', number: shop, tag: 'message' } as const
let world: World
let auth: MemoryAuth
let client: TestClient

beforeAll(async () => {
  world = await World.start({ Shop: shop, Ana: ana })
  auth = await link(world.api, shop)
  client = await world.login(auth)
  const id = await client.sendText(ana, 'a session to begin with')
  await until(() => client.status(id) >= 3, 'the delivered receipt')
  await client.message(await write('and back'))
})

afterEach(async () => {
  await world.api.clearDisturbances()
  expect(await world.api.faults()).toEqual([])
})
afterAll(() => world.stop())

const write = (text: string) => world.api.sendText(ana, shop, text)
const events = async (message: string) => (await world.api.ledgerMessages({ message }))[0]?.counts
const ledger = () => world.api.ledger({ number: shop, limit: 10_000 })
const when = async (message: string, event: string) =>
  (await ledger()).find((each) => each.message === message && each.event === event)!.at
const disturb = (match: NewDisturbance['match'], action: NewDisturbance['action']) =>
  world.api.disturb({ match, action })
const askForBlocklist = (timeoutMs: number) =>
  client.socket.query({ tag: 'iq', attrs: { type: 'get', xmlns: 'blocklist', to: '@s.whatsapp.net' } }, timeoutMs)
const used = async (id: number) => (await world.api.disturbances()).find((each) => each.id === id)?.used
const order = (ids: string[]) => client.messages.flatMap(({ key }) => (ids.includes(key.id!) ? [key.id] : []))

describe('a stanza to the device', () => {
  it('is delayed, and what comes behind it too', async () => {
    const { id } = await disturb(toShop, { kind: 'delay', ms: 300 })
    const ids = [await write('slow'), await write('behind')]
    await Promise.all(ids.map((each) => client.message(each)))
    expect(order(ids)).toEqual(ids)
    // A timer may be a moment early.
    expect((await when(ids[0]!, 'sent')) - (await when(ids[0]!, 'queued'))).toBeGreaterThan(290)
    expect(await used(id)).toBe(1)
  })

  it('is lost, and comes at the next login', async () => {
    await disturb(toShop, { kind: 'lose' })
    const [lost, next] = [await write('lost'), await write('next')]
    await client.message(next)
    expect(await events(lost)).toEqual({ queued: 1 })
    await world.api.force(shop, 1, 'drop')
    await client.closed()
    client = await world.login(auth)
    await client.message(lost)
  })

  it('comes twice', async () => {
    await disturb(toShop, { kind: 'duplicate' })
    const id = await write('twice')
    await until(async () => (await events(id))?.sent === 2, 'the second copy')
    await client.message(id)
    await until(async () => (await world.api.stats()).queued === 0, 'the answers')
    expect(order([id])).toEqual([id])
  })

  it('comes after the next one', async () => {
    await disturb(toShop, { kind: 'reorder' })
    const ids = [await write('first'), await write('second')]
    await Promise.all(ids.map((each) => client.message(each)))
    expect(order(ids)).toEqual(ids.toReversed())
  })
})

describe('a stanza from the device', () => {
  it.each(['463', '479'])('is refused with %s', async (code) => {
    await disturb(fromShop, { kind: 'refuse', code })
    const id = await client.sendText(ana, `refused with ${code}`)
    // Baileys puts the news into the message's own upsert while it still holds that back.
    const news = () => [...client.messages, ...client.updates.map(({ key, update }) => ({ key, ...update }))]
    const refused = await until(() => news().find(({ key, status }) => key.id === id && status === 0), code)
    expect(refused.messageStubParameters?.[0]).toBe(code)
    expect((await world.api.messages(ana, shop)).some((message) => message.id === id)).toBe(false)
  })

  it('is lost: no ack, and nobody gets it', async () => {
    const { id: planned } = await disturb(fromShop, { kind: 'lose' })
    const id = await client.sendText(ana, 'lost')
    await until(() => used(planned), 'the message to be lost')
    await client.message(await write('the line works'))
    expect(await events(id)).toBeUndefined()
  })

  it('is read once, though it comes twice', async () => {
    await disturb(fromShop, { kind: 'duplicate' })
    const id = await client.sendText(ana, 'twice')
    const counts = await until(async () => ((await events(id))?.submitted === 2 ? events(id) : undefined), 'both')
    expect(counts).toMatchObject({ received: 1, duplicate: 1 })
  })

  it('is a query that nobody answers, or one that is refused', async () => {
    const match = { direction: 'from-device', number: shop, tag: 'iq', type: 'blocklist' } as const
    await disturb(match, { kind: 'lose' })
    await expect(askForBlocklist(300)).rejects.toThrow('Timed Out')
    await disturb(match, { kind: 'refuse', code: '500' })
    await expect(askForBlocklist(15_000)).rejects.toThrow('refused on request')
    await expect(askForBlocklist(15_000)).resolves.toBeDefined()
  })

  it('is a login whose messages come in batches, in order, before what comes meanwhile', async () => {
    client.end()
    await until(async () => (await world.api.stats()).online === 0, 'the end')
    const waiting: string[] = []
    for (let index = 0; index < 7; index++) waiting.push(await write(`waiting ${index}`))
    await disturb({ direction: 'from-device', number: shop, tag: 'login' }, { kind: 'batches', size: 3, pauseMs: 200 })
    client = world.connect(auth)
    // As they come: Baileys itself reads what isn't marked as off line first.
    const arrived: string[] = []
    client.socket.ws.on('CB:message', ({ attrs }: BinaryNode) => arrived.push(attrs.id!))
    await until(async () => (await events(waiting[0]!))?.sent, 'the first batch')
    const meanwhile = await write('meanwhile')
    await client.open()
    await client.message(meanwhile)
    expect(arrived.filter((id) => id === meanwhile || waiting.includes(id))).toEqual([...waiting, meanwhile])
    const at = await Promise.all(waiting.map((id) => when(id, 'sent')))
    expect([at[3]! - at[2]!, at[6]! - at[5]!].every((pause) => pause > 190)).toBe(true)
  })
})

it('a damaged frame is a rejection that nobody handles in Baileys, and no end of the connection', async () => {
  // Vitest would take it for a failure of its own.
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  try {
    const rejected = new Promise<Error>((resolve) => process.once('unhandledRejection', resolve as () => void))
    await disturb(toShop, { kind: 'corrupt' })
    const id = await write('damaged')
    expect((await rejected).message).toMatch(/authenticate data/)
    await world.api.force(shop, 1, 'drop')
    await client.closed()
    client = await world.login(auth)
    await client.message(id)
  } finally {
    for (const listener of listeners) process.on('unhandledRejection', listener)
  }
})

describe('the connection ends', () => {
  const steps = {
    'before the login': { direction: 'from-device', tag: 'login' },
    'instead of the success': { direction: 'to-device', tag: 'success' },
    'at the first query': { direction: 'from-device', tag: 'iq' },
    'at the first message': { direction: 'to-device', tag: 'message' },
  } as const
  const endings = [
    ['503', 503],
    ['515', 515],
    ['replaced', 440],
    ['drop', 428],
  ] as const
  const cases = Object.entries(steps).flatMap(([step, match]) =>
    endings.map((ending) => [step, match, ...ending] as const),
  )

  it.each(cases)('%s (%o): %s is seen as %i', async (_step, match, condition, code) => {
    await disturb({ ...match, number: shop }, { kind: 'end', condition })
    client = world.connect(auth)
    if (match.tag === 'message') await write('the last straw')
    expect(await client.closed()).toBe(code)
  })

  it('before anybody is linked', async () => {
    await disturb({ direction: 'from-device', tag: 'registration' }, { kind: 'end', condition: '503' })
    expect(await world.connect().closed()).toBe(503)
  })

  it('half-open: nothing is answered any more, and nothing comes', async () => {
    client = await world.login(auth)
    const { id } = await disturb(
      { direction: 'from-device', number: shop, tag: 'iq', type: 'blocklist' },
      { kind: 'end', condition: 'silent' },
    )
    await expect(askForBlocklist(300)).rejects.toThrow('Timed Out')
    expect(await used(id)).toBe(1)
    await expect(askForBlocklist(300)).rejects.toThrow('Timed Out')
    expect(await events(await write('into the void'))).toEqual({ queued: 1 })
    expect((await world.api.connections({ number: shop })).at(-1)?.closedAt).toBeNull()
    client.end()
  })

  it('with the device removed, while it logs in', async () => {
    const another = await link(world.api, shop)
    await disturb(
      { direction: 'from-device', number: shop, device: 2, tag: 'login' },
      { kind: 'end', condition: 'logout' },
    )
    expect(await world.connect(another).closed()).toBe(401)
    expect(await world.connect(another).closed()).toBe(401)
    expect((await world.api.devices()).map(({ device }) => device)).toEqual([1])
  })
})

describe('the plan', () => {
  it('skips, counts, and strikes by chance as its seed says, over a restart too', async () => {
    const match = { direction: 'from-device', number: shop, tag: 'chatstate' } as const
    const plan = { match, action: { kind: 'lose' }, skip: 2, count: null, probability: 0.5, seed: 11 } as const
    const { id } = await world.api.disturb(plan)
    client = await world.login(auth)
    const type = async (times: number, total: number) => {
      for (let index = 0; index < times; index++)
        await client.socket.sendPresenceUpdate('composing', `${ana}@s.whatsapp.net`)
      return until(
        async () => (await world.api.disturbances()).find((each) => each.matched === total)?.used,
        'all of them',
      )
    }
    const before = await type(30, 30)
    client.end()
    await world.restart()
    client = await world.login(auth)
    const after = await type(30, 60)
    expect(before).toBe(15)
    expect(after).toBe(32)
    await world.api.removeDisturbance(id)
    await expect(world.api.removeDisturbance(id)).rejects.toMatchObject({ code: 'disturbance_not_found' })
  })

  it('refuses what makes no sense', async () => {
    await expect(disturb(toShop, { kind: 'refuse', code: '463' })).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(disturb(fromShop, { kind: 'corrupt' })).rejects.toMatchObject({ code: 'invalid_request' })
    await expect(disturb(fromShop, { kind: 'batches', size: 1, pauseMs: 0 })).rejects.toMatchObject({ status: 422 })
  })
})
