/** A quick sample of `npm run chaos`: a few faults on a whole Berth. What is decided here is decided by conditions. */
import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratchFolder } from '../scratch.ts'
import { runChaos } from './chaos.ts'
import { faultsNamed } from './faults/all.ts'
import { OwnBerth } from './own-berth.ts'
import { population } from './population.ts'
import { resultLines, roundLine, summaryOf } from './report.ts'

const MINUTE = 60_000

let dataDir: string
beforeAll(async () => {
  dataDir = await scratchFolder('chaos')
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

// With BERTH_FULL=1: npm test has the same faults one by one, and the judge on seeded violations.
test.runIf(process.env.BERTH_FULL)(
  'a worker killed, a pod gone, the gateway killed, Postgres crashed: nothing lost, doubled, overlapping or linked anew',
  async () => {
    const plan = {
      rounds: 4,
      population: population(4),
      rates: { in: 12, out: 8 },
      seed: 1,
      faults: faultsNamed(['kill', 'pod-force', 'gateway', 'postgres-kill']),
    }
    const log: string[] = []
    const berth = await OwnBerth.start(dataDir, (line) => log.push(line))
    const result = await runChaos(berth, plan, { round: (round) => void log.push(roundLine(round)) })
    const summary = summaryOf(result)
    expect(summary, [...log, ...resultLines(result)].join('\n')).toMatchObject({
      ok: true,
      rounds: 4,
      lost: 0,
      duplicated: 0,
      overlappingOwners: 0,
      newQr: 0,
      untold: 0,
      toldTwice: 0,
      toldOutOfOrder: 0,
      proved: '15/15',
    })
    expect(summary.delivered).toBe(summary.sent)
    expect(summary.received).toBe(summary.written)
    expect(summary.sent * summary.written).toBeGreaterThan(0)
    expect(summary.told).toBeGreaterThanOrEqual(summary.sent + summary.written)
  },
  5 * MINUTE,
)
