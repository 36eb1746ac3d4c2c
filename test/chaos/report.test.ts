import { expect, it } from 'vitest'
import type { ChaosResult } from './chaos.ts'
import { judge } from './judge.ts'
import { NO_RECORDS, roundWith } from './made-up.ts'
import { isGood, resultLines } from './report.ts'

const resultOf = (movedInVain: string[]): ChaosResult => {
  const round = roundWith({ number: 3, fault: 'postgres-long', moved: movedInVain.length, movedInVain })
  const proof = { tried: 1, missed: [] }
  return { rounds: [round], records: NO_RECORDS, verdict: judge(NO_RECORDS), proof, repeatedPosts: 0 }
}

it('is not content when somebody was moved whose worker lived, and says who', () => {
  expect(isGood(resultOf([]))).toBe(true)
  expect(isGood(resultOf(['5511']))).toBe(false)
  expect(resultLines(resultOf(['5511']))).toContain('  5511 in round 3, postgres-long')
})
