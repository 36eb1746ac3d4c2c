// A load on bare Baileys: devices are linked to its accounts, and people write to them.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { until } from '../testing/until.ts'
import { World } from '../testing/world.ts'
import { Latency, Meter } from './figures.ts'
import { dueShare, fullRate, type LoadPlan } from './plan.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

describe('a load', () => {
  let world: World

  beforeAll(async () => {
    world = await World.start({})
  })
  afterAll(() => world.stop())

  it('writes to the accounts that are linked, alone and in groups, and counts what arrives', async () => {
    const { api } = world
    const plan = { accounts: 2, contacts: 5, groupShare: 0.5, groupSize: 4 }
    await api.startLoad({ ...plan, perMinute: 0 })
    await expect(api.startLoad({ accounts: 1 })).rejects.toMatchObject({ code: 'load_exists' })
    await expect(api.scanForLoad('hello')).rejects.toMatchObject({ code: 'qr_malformed' })
    await until(async () => (await api.load())?.phones === 7, 'the phones')
    const pairing = world.connect()
    const device = await api.scanForLoad(await pairing.qr())
    await pairing.closed()
    // Baileys reads what comes while it logs in before what waited for it, and then misses a group's sender keys.
    const client = await world.login(pairing.auth)
    expect((await api.stopLoad()).totals.written).toBe(0)
    await api.startLoad({ ...plan, perMinute: 600 })
    await until(async () => (await api.load())!.totals.delivered >= 12, 'messages')
    expect((await api.groups()).map(({ members }) => [members.length, members[0]])).toEqual([[4, device.number]])

    const stopped = await api.stopLoad()
    expect(stopped).toMatchObject({ linked: 1, online: 1, skipped: 0, failed: 0 })
    expect(stopped.deliveryMs.p99).toBeGreaterThan(0)
    await until(async () => (await api.stats()).queued === 0, 'the last receipts')
    const ledger = await api.ledgerMessages({ number: device.number })
    const ids = ledger
      .filter(({ peer, counts }) => peer.startsWith('552') && counts.delivered)
      .map((each) => each.message)
    const received = await Promise.all(ids.map((id) => client.message(id)))
    // One may have been under way when the load was stopped.
    expect(received.length).toBeGreaterThanOrEqual(stopped.totals.written)
    expect(received.some(({ key }) => key.remoteJid?.endsWith('@g.us'))).toBe(true)
    expect(received.some(({ key }) => !key.remoteJid?.endsWith('@g.us'))).toBe(true)
    expect(await api.faults()).toEqual([])
    expect(await api.load()).toBeNull()
    await expect(api.stopLoad()).rejects.toMatchObject({ code: 'load_not_found' })
  })
})

it('what is due grows with the ramp and with the accounts that are linked, up to the full rate', () => {
  const plan = { accounts: 100, rampSeconds: 60 } as LoadPlan
  expect(dueShare(plan, 100, 0)).toBe(0)
  expect(dueShare(plan, 50, 30_000)).toBe(0.25)
  expect(dueShare(plan, 100, 90_000)).toBe(1)
  expect(dueShare({ ...plan, rampSeconds: 0 }, 0, 0)).toBe(0)
  expect(fullRate({ accounts: 100, perMinute: 6 })).toBe(0.01)
})

describe('figures', () => {
  it('a meter: what was added in the last ten whole seconds, a tenth of it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 })), fc.integer({ min: 0, max: 5000 }), (times, later) => {
        const meter = new Meter()
        const sorted = times.toSorted((a, b) => a - b)
        for (const time of sorted) meter.add(time)
        const now = (sorted.at(-1) ?? 0) + later
        const end = Math.floor(now / 1000) * 1000
        expect(meter.total).toBe(times.length)
        expect(meter.perSecond(now)).toBe(sorted.filter((time) => time >= end - 10_000 && time < end).length / 10)
      }),
    )
  })

  it('latency: from written to delivered, once', () => {
    const latency = new Latency()
    expect(latency.percentile(0.5)).toBeNull()
    for (let each = 0; each < 100; each++) latency.written(String(each), 1000)
    for (let each = 0; each < 100; each++) latency.delivered(String(each), 1001 + each)
    latency.delivered('0', 99_999)
    latency.delivered('never written', 99_999)
    expect([latency.percentile(0.5), latency.percentile(0.99), latency.percentile(1)]).toEqual([51, 100, 100])
  })
})
