import { expect, it } from 'vitest'
import type { ConnectionRecord } from '../chaos/records.ts'
import { curveOf, sparkline } from './curve.ts'

const connection = (number: string, loginAt: number, closedAt: number | null) =>
  ({ number, loginAt, closedAt }) as ConnectionRecord

it('counts who is connected at the end of each step, by group, and the logins within it', () => {
  const groups = new Map([
    ['a', 'max'],
    ['b', 'max'],
    ['c', 'basic'],
  ])
  const connections = [
    connection('a', 0, 1100),
    connection('a', 2500, null),
    connection('b', 0, null),
    connection('c', 0, 1500),
    connection('c', 3999, null),
    connection('stranger', 2000, null),
  ]
  expect(curveOf(groups, connections, { at: 1000, until: 4000, stepMs: 1000 })).toEqual({
    stepMs: 1000,
    of: { max: 2, basic: 1 },
    connected: { max: [1, 2, 2], basic: [0, 0, 1] },
    logins: [0, 1, 1],
  })
})

it('draws a value as a bar, and no more bars than there is room for', () => {
  expect(sparkline([0, 7, 14], 14)).toBe('▁▄█')
  expect(sparkline([0, 0, 0, 14, 0, 0, 0, 14], 14, 2)).toBe('██')
  expect(sparkline([14, 14, 0], 14, 2)).toBe('█▁')
})
