// Linking, and what Baileys makes of the conditions that can be forced on a device.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { link } from './testing/baileys.ts'
import type { MemoryAuth } from './testing/memory-auth.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const other = '5511900000002'
let world: World

beforeAll(async () => {
  world = await World.start({ Shop: shop, Other: other })
})

afterAll(() => world.stop())

describe('linking', () => {
  it('shows who waits for a scan, links once, and refuses what is no such code', async () => {
    const client = world.connect()
    const qr = await client.qr()
    expect(await world.api.waiting()).toMatchObject([{ refs: expect.arrayContaining([expect.stringContaining('2@')]) }])
    await expect(world.api.scan(shop, 'hello')).rejects.toMatchObject({ code: 'qr_malformed' })
    await expect(world.api.scan('5511', qr)).rejects.toMatchObject({ code: 'phone_not_found' })
    const elsewhere = await world.connect().qr()
    const mixed = [qr.split(',')[0], ...elsewhere.split(',').slice(1)].join(',')
    await expect(world.api.scan(shop, mixed)).rejects.toMatchObject({ code: 'qr_of_another_device' })
    const device = await world.api.scan(shop, qr)
    expect(device).toMatchObject({ number: shop, device: 1, online: false })
    expect(await client.closed()).toBe(515)
    expect(client.auth.creds.me).toMatchObject({ id: `${shop}:1@s.whatsapp.net`, name: 'Shop' })
    await expect(world.api.scan(shop, qr)).rejects.toMatchObject({ code: 'qr_expired' })
    await world.login(client.auth)
  })
})

describe('forced conditions', () => {
  let auth: MemoryAuth

  beforeAll(async () => {
    auth = await link(world.api, other)
  })

  it.each([
    ['drop', 428],
    ['503', 503],
    ['515', 515],
    ['replaced', 440],
  ] as const)('%s ends the connection with %i', async (condition, code) => {
    const client = await world.login(auth)
    await world.api.force(other, 1, condition)
    expect(await client.closed()).toBe(code)
    await until(
      async () => (await world.api.devices()).every(({ number, online }) => number !== other || !online),
      'the end',
    )
  })

  it('silent lets the keep-alive find out', async () => {
    const client = await world.login(auth, { keepAliveIntervalMs: 250 })
    await world.api.force(other, 1, 'silent')
    expect(await client.closed()).toBe(408)
  })

  it('a second connection of the same device replaces the first', async () => {
    const first = await world.login(auth)
    const second = await world.login(auth)
    expect(await first.closed()).toBe(440)
    expect(second.socket.ws.isOpen).toBe(true)
    const connections = await world.api.connections({ number: other })
    const [replaced, replacing] = connections.slice(-2)
    expect(replaced?.reason).toBe(`replaced by connection ${replacing?.id}`)
    second.end()
  })

  it('logout removes the device, whose next login is refused', async () => {
    const client = await world.login(auth)
    await world.api.force(other, 1, 'logout')
    expect(await client.closed()).toBe(401)
    expect((await world.api.devices()).some(({ number }) => number === other)).toBe(false)
    expect(await world.connect(auth).closed()).toBe(401)
    await expect(world.api.force(other, 1, 'logout')).rejects.toMatchObject({ code: 'device_not_found' })
  })

  it.each(['402', '403', '405', '406', '409', '500', '503'])('a login that is refused with %s', async (code) => {
    const refused = await link(world.api, other)
    const { device } = (await world.api.devices()).findLast(({ number }) => number === other)!
    const match = { direction: 'from-device', number: other, device, tag: 'login' } as const
    await world.api.disturb({ match, action: { kind: 'refuse', code, ...(code === '402' ? { seconds: 60 } : {}) } })
    const client = world.connect(refused)
    expect(await client.closed()).toBe(Number(code))
    const { lastDisconnect } = client.connectionUpdates.findLast(({ connection }) => connection === 'close')!
    const ban = code === '402' ? { code: '101', expire: '60' } : {}
    expect(lastDisconnect?.error).toMatchObject({ data: { reason: code, ...ban } })
    await world.api.force(other, device, 'logout')
  })

  it('a device can log itself out; its number is not given again', async () => {
    const client = await world.linked(other)
    expect(client.auth.creds.me?.id).toMatch(/:(?!1@)\d+@s.whatsapp.net/)
    await client.socket.logout()
    await until(
      async () => !(await world.api.devices()).some(({ number }) => number === other),
      'the device to be gone',
    )
  })

  it('leave no fault', async () => {
    expect(await world.api.faults()).toEqual([])
  })
})
