/**
 * Keeps the bench running: a small one of everything. What it measures is not judged. All but requests and plans run with
 * BERTH_FULL=1.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runBench } from './bench.ts'
import type { BenchName, BenchOptions } from './options.ts'
import { resultLines } from './report.ts'

const SMALL: Omit<BenchOptions, 'benches'> = {
  sessions: 2,
  messages: 3,
  pile: 1000,
  idle: [1],
  rate: { perSecond: 10, seconds: 1 },
  expiry: { sessions: 1, seconds: 1 },
  place: { tenants: 20, sessionsPerTenant: 2, tenantsPerWorker: 10, embedded: true },
  recovery: { sizes: [1], awaySeconds: 1 },
  moves: { sessions: 3, seconds: 1 },
  planned: 200,
  json: false,
}

const run = (benches: BenchName[], more: Partial<BenchOptions> = {}) =>
  runBench({ ...SMALL, ...more, benches }, () => {})

test('measures requests and plans', { timeout: 600_000 }, async () => {
  const result = await run(['hop', 'planner'])
  expect(result.hop.map(({ latency }) => latency.n)).toEqual([10, 10, 10])
  const times = { p50: expect.any(Number) }
  expect(result.planner[0]).toMatchObject({ what: 'from cold, nobody is placed', sessions: 200, times })
  expect(resultLines(result).join('\n')).toContain('hop')
})

if (process.env.BERTH_FULL) {
  test('measures messages', { timeout: 600_000 }, async () => {
    const profile = await mkdtemp(join(tmpdir(), 'berth-profiles-'))
    onTestFinished(() => rm(profile, { recursive: true }))
    const result = await run(['receive', 'send', 'ack'], { profile })
    const rows = expect.objectContaining({ key: expect.any(Number) })
    const both = [{ side: 'bare' }, { side: 'worker', commits: { count: expect.any(Number), rows } }]
    expect(result.receive).toMatchObject(both)
    expect(result.send).toMatchObject(both)
    for (const traffic of [...result.receive, ...result.send]) {
      expect(traffic.messages).toBe(6)
      expect(traffic.perSecond).toBeGreaterThan(0)
      expect(traffic.profile?.packages.map(({ name }) => name)).toContain('@whiskeysockets/baileys')
    }
    expect(result.ack).toMatchObject([{ answered: { n: 10 }, acked: { n: 10, p50: expect.any(Number) } }])
    expect(result.ack[0]!.acked.p50).toBeGreaterThan(0)
    expect(resultLines(result).join('\n')).toContain('send')
  })

  test('measures memory, leases and placing', { timeout: 600_000 }, async () => {
    const result = await run(['idle', 'webhooks', 'expiry', 'place'])
    expect(result.idle).toMatchObject([{ sessions: 1, rssBytes: expect.any(Number) }])
    expect(result.webhooks.map(({ endpoints, latency }) => [endpoints, latency?.n])).toEqual(
      [1, 50, 1000, 1000].map((endpoints) => [endpoints, 10]),
    )
    expect(result.expiry).toMatchObject([{ sessions: 1, worstGapMs: expect.any(Number) }])
    expect(result.place).toMatchObject([
      { kubernetes: 'embedded', sessions: 40, one: { n: 20 }, drained: { sessions: 30 } },
    ])
    expect(resultLines(result).join('\n')).toContain('expiry')
  })
}
