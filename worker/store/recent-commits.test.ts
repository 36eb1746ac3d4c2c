import type { SessionRows } from '@berth/core/postgres/commit.ts'
import { describe, expect, test } from 'vitest'
import { RecentCommits } from './recent-commits.ts'

const rows = (bytes: number): SessionRows[] => [
  {
    session: { sessionId: 's', epoch: 1 },
    keys: [{ type: 'session', id: 'a', value: Buffer.alloc(bytes) }],
    journal: [],
    received: [],
    statuses: [],
    commands: [],
  },
]
const numbersAfter = (recent: RecentCommits, number: number) => recent.after(number)?.map((commit) => commit.number)

describe('recent commits', () => {
  test('are given in their order, from any of them on', () => {
    const recent = new RecentCommits()
    for (const number of [1, 2, 3]) recent.add({ number, rows: rows(1) }, number)
    expect(numbersAfter(recent, 0)).toEqual([1, 2, 3])
    expect(numbersAfter(recent, 2)).toEqual([3])
  })

  test('that reach not so far are none', () => {
    const recent = new RecentCommits(6_000)
    for (const number of [1, 2, 3]) recent.add({ number, rows: rows(2_000) }, 0)
    expect(recent.after(0)).toBeUndefined()
    expect(numbersAfter(recent, 1)).toEqual([2, 3])
    expect(recent.after(3)).toBeUndefined()
  })

  test('are forgotten after a minute, also when nothing follows', () => {
    const recent = new RecentCommits()
    recent.add({ number: 1, rows: rows(1) }, 0)
    recent.add({ number: 2, rows: rows(1) }, 30_000)
    recent.forget(60_000)
    expect(recent.after(0)).toBeUndefined()
    expect(numbersAfter(recent, 1)).toEqual([2])
  })

  test('one that is larger than the budget alone is not kept', () => {
    const recent = new RecentCommits(6_000)
    recent.add({ number: 1, rows: rows(10_000) }, 0)
    expect(recent.after(0)).toBeUndefined()
  })
})
