import { expect, it } from 'vitest'
import type { ChaosResult, Round } from './chaos.ts'
import { judge } from './judge.ts'
import type { Records } from './records.ts'
import { isGood, resultLines } from './report.ts'

const records: Records = {
  sent: [],
  written: [],
  seen: [],
  listed: [],
  ledger: [],
  connections: [],
  frozen: [],
  scansWanted: [],
  faults: [],
}

const resultOf = (movedInVain: string[]): ChaosResult => {
  const round: Round = {
    number: 3,
    fault: 'postgres-long',
    what: 'postgres',
    recoveries: [],
    moved: movedInVain.length,
    movedInVain,
    settledMs: 1,
    findings: [],
  }
  return { rounds: [round], records, verdict: judge(records), proof: { tried: 1, missed: [] }, repeatedPosts: 0 }
}

it('is not content when somebody was moved whose worker lived, and says who', () => {
  expect(isGood(resultOf([]))).toBe(true)
  expect(isGood(resultOf(['5511']))).toBe(false)
  expect(resultLines(resultOf(['5511']))).toContain('  5511 in round 3, postgres-long')
})
