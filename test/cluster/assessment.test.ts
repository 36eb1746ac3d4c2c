import { expect, it } from 'vitest'
import type { Round } from '../chaos/chaos.ts'
import { problemsOf, targetLine } from './assessment.ts'

const round = (change: Partial<Round>): Round => ({
  number: 1,
  fault: 'kill',
  what: 'a worker',
  recoveries: [],
  moved: 0,
  movedInVain: [],
  settledMs: 1,
  findings: [],
  ...change,
})

it('a lost connection is a problem only where there is no reason for one', () => {
  const lost = round({ recoveries: [{ account: 'a', connectedMs: 10 }, { account: 'b' }] })
  expect(problemsOf({}, lost)).toEqual([])
  expect(problemsOf({ unaffected: true }, lost)).toEqual(['a lost its connection, for which there is no reason'])
  expect(problemsOf({}, round({ findings: ['Lost: x'] }))).toEqual(['Lost: x'])
})

it('says how the times of a step stand to its target', () => {
  const rounds = [
    round({ recoveries: [{ account: 'a', connectedMs: 4_900, gapMs: 1_100 }] }),
    round({ fault: 'pod', recoveries: [{ account: 'a', connectedMs: 9_000 }] }),
  ]
  expect(targetLine({ name: 'kill', target: { connected: 5 } }, rounds)).toBe(
    'kill: connected again after 4.90 s (p99 of 1), target 5 s: met',
  )
  expect(targetLine({ name: 'kill', target: { gap: 1 } }, rounds)).toMatch(/1\.10 s .* MISSED$/)
  expect(targetLine({ name: 'kill' }, rounds)).toBeUndefined()
  expect(targetLine({ name: 'drain', target: { gap: 1 } }, rounds)).toBeUndefined()
})
