// The control API as a person or a tool meets it.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { World } from '../testing/world.ts'
import type { NetworkEvent } from '../whatsapp/network.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const ana = '5511911111111'
const bob = '5511922222222'
let world: World

beforeAll(async () => {
  world = await World.start({ Ana: ana, Bob: bob })
})

afterAll(() => world.stop())

it('says what is wrong in words, under a stable code', async () => {
  const { api } = world
  await expect(api.createPhone({ number: ana, name: 'Ana' })).rejects.toMatchObject({
    status: 409,
    code: 'phone_exists',
  })
  const short = api.createPhone({ number: '12', name: 'X' })
  await expect(short).rejects.toMatchObject({
    status: 422,
    code: 'invalid_request',
    message: expect.stringMatching(/number: .*7 to 15 digits/),
  })
  await expect(api.sendText(ana, '5511999999999', 'hi')).rejects.toMatchObject({ status: 404, code: 'phone_not_found' })
  await expect(api.sendText(ana, ana, 'hi')).rejects.toMatchObject({ status: 422, code: 'message_to_itself' })
  await expect(api.chats('1')).rejects.toMatchObject({ code: 'phone_not_found' })
  await expect(api.force(ana, 1, 'drop')).rejects.toMatchObject({ code: 'device_not_found' })
  const malformed = await fetch(`${world.simulator.url}/v1/phones`, {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' },
  })
  expect(malformed.status).toBe(400)
  expect(await malformed.json()).toMatchObject({ error: { code: 'invalid_request' } })
})

it('pages through a chat between two phones', async () => {
  const ids: string[] = []
  for (let index = 0; index < 5; index++) ids.push(await world.api.sendText(ana, bob, `number ${index}`))
  const latest = await world.api.messages(bob, ana, { limit: 2 })
  expect(latest.map(({ id }) => id)).toEqual(ids.slice(3))
  const earlier = await world.api.messages(bob, ana, { limit: 2, before: latest[0]!.seq })
  expect(earlier.map(({ id }) => id)).toEqual(ids.slice(1, 3))
  expect(await world.api.chats(bob)).toMatchObject([{ chat: ana, name: 'Ana', lastText: 'number 4', unread: 5 }])
  expect(await world.api.readChat(bob, ana)).toBe(5)
  expect((await world.api.messages(ana, bob)).every(({ status }) => status === 'read')).toBe(true)
})

it('tells what changes, while it changes', async () => {
  const stop = new AbortController()
  const events = world.api.events(stop.signal)
  const first = events.next()
  // The stream is open once another request on the same server, sent later, is answered.
  await world.api.info()
  await world.api.sendText(ana, bob, 'look')
  const seen: NetworkEvent[] = [(await first).value as NetworkEvent, (await events.next()).value as NetworkEvent]
  expect(seen).toEqual([
    { type: 'chat', number: ana, chat: bob },
    { type: 'chat', number: bob, chat: ana },
  ])
  stop.abort()
})

it('serves the page, which loads nothing from elsewhere', async () => {
  const page = await fetch(`${world.simulator.url}/`)
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
  const files = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path)
  expect(files.length).toBeGreaterThan(2)
  for (const path of files) expect((await fetch(world.simulator.url + path)).status).toBe(200)
})
