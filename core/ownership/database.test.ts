import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareMarks,
  type Evidence,
  epochFloor,
  isAnswerable,
  judgeDatabase,
  type Mark,
  nextIncarnation,
} from './database.ts'

const mark = fc.record({ incarnation: fc.integer({ min: 1, max: 5 }), mark: fc.integer({ min: 0, max: 9 }) })
const quiet: Evidence = {
  database: { incarnation: 2, mark: 7, home: 'here', reported: false },
  keepsake: { uid: 'here', incarnation: 2, mark: 7 },
  seen: { incarnation: 2, mark: 7 },
  isHome: false,
  isBehind: false,
}
const database = (change: object) => ({ ...quiet.database, ...change })

describe('the judgement of a database', () => {
  it.each<[string, Partial<Evidence>, string]>([
    ['as it was left', {}, 'same'],
    ['that went on while nobody kept its mark', { database: database({ mark: 9 }) }, 'same'],
    ['that was repaired just before the operator died', { database: database({ incarnation: 3, mark: 0 }) }, 'same'],
    ['that nobody has seen before', { database: database({ home: undefined }), keepsake: undefined }, 'same'],
    ['whose first operator died in the middle of it', { database: database({ home: undefined }) }, 'same'],
    ['behind what is kept outside', { database: database({ mark: 6 }) }, 'went back'],
    ['of an earlier incarnation', { database: database({ incarnation: 1, mark: 99 }) }, 'went back'],
    ['behind what we have seen ourselves', { seen: { incarnation: 2, mark: 8 } }, 'went back'],
    ['from before it was watched', { database: database({ home: undefined, mark: 0 }) }, 'went back'],
    ['of which a worker misses commits', { database: database({ reported: true }) }, 'went back'],
    ['in which our canary has gone back', { isBehind: true }, 'went back'],
    ['of another installation', { database: database({ home: 'there' }) }, 'elsewhere'],
    ['of another installation, and old', { database: database({ home: 'there', mark: 0 }) }, 'elsewhere'],
    ['whose Kubernetes is new', { keepsake: undefined }, 'elsewhere'],
    ['whose ConfigMap was deleted under our hands', { keepsake: undefined, isHome: true }, 'same'],
  ])('%s', (_, change, verdict) => {
    expect(judgeDatabase({ ...quiet, ...change })).toBe(verdict)
  })

  it('finds every loss of a mark that anybody has kept, and nothing else', () => {
    fc.assert(
      fc.property(mark, mark, mark, (now, kept, seen) => {
        const isOlder = compareMarks(now, kept) < 0 || compareMarks(now, seen) < 0
        const keepsake = { uid: 'here', ...kept }
        const evidence = { ...quiet, database: database(now), keepsake, seen }
        expect(judgeDatabase(evidence)).toBe(isOlder ? 'went back' : 'same')
      }),
    )
  })

  it('is "same" right after a repair, for all that was known before it', () => {
    fc.assert(
      fc.property(
        mark,
        fc.array(mark, { maxLength: 3 }),
        fc.integer({ min: 0, max: 9_999_999_999 }),
        (now, known, epoch) => {
          const next = nextIncarnation(now, known, epoch)
          for (const one of [now, ...known]) {
            expect(compareMarks(next, one)).toBeGreaterThan(0)
            const evidence = { ...quiet, keepsake: { uid: 'here', ...one }, seen: one }
            expect(judgeDatabase({ ...evidence, database: database(next) })).toBe('same')
            expect(judgeDatabase({ ...evidence, database: database(now), seen: next })).toBe('went back')
          }
          expect(next.epochFloor).toBeGreaterThan(epoch)
          expect(Number.isSafeInteger(next.epochFloor)).toBe(true)
        },
      ),
    )
  })

  it('lets no session of an incarnation begin below the epochs of the one before', () => {
    const next = nextIncarnation({ incarnation: 1, mark: 1 }, [], 17)
    expect([epochFloor(1), epochFloor(next.incarnation)]).toEqual([0, next.epochFloor])
  })

  it('never gives an epoch twice, however often the database goes back to the same copy', () => {
    const copy: Mark = { incarnation: 1, mark: 3 }
    let known = copy
    let highest = 17
    for (let time = 0; time < 100; time++) {
      const next = nextIncarnation(copy, [known], highest)
      expect(next.epochFloor).toBeGreaterThan(highest)
      highest = next.epochFloor + 1_000
      known = next
    }
  })
})

describe('the answer to a doubt', () => {
  it('comes at once when every living boot has vouched, else when they had their time', () => {
    expect(isAnswerable('same', 0, 0)).toBe(true)
    expect(isAnswerable('went back', 0, 0)).toBe(true)
    expect(isAnswerable('same', 1, 2_999)).toBe(false)
    expect(isAnswerable('same', 1, 3_000)).toBe(true)
    expect(isAnswerable('went back', 1, 9_999)).toBe(false)
    expect(isAnswerable('went back', 1, 10_000)).toBe(true)
  })
})
