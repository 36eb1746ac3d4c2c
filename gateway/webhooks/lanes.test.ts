import fc from 'fast-check'
import { expect, test } from 'vitest'
import { atOnceAfter, atOnceOf, MOST_AT_ONCE, nextOf, pauseAfter } from './lanes.ts'

const items = fc
  .array(fc.record({ lane: fc.constantFrom('a', 'b', 'c', 'd'), late: fc.boolean() }), { maxLength: 40 })
  .map((list) => list.map((item, i) => ({ ...item, number: i + 1 })))
const lanes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')).map((list) => new Set(list))

test('of each lane goes the first, unless one of it is on its way; what is late waits for nobody', () => {
  fc.assert(
    fc.property(items, lanes, fc.integer({ min: 0, max: 50 }), (waiting, busy, room) => {
      const chosen = nextOf(waiting, busy, room)
      const free = waiting.filter(
        (one) =>
          one.late ||
          (!busy.has(one.lane) &&
            !waiting.some((other) => !other.late && other.lane === one.lane && other.number < one.number)),
      )
      expect(chosen).toEqual(free.slice(0, room))
    }),
  )
})

test('every lane is told in its order, whatever comes when and however long each takes', () => {
  fc.assert(
    fc.property(
      items,
      fc.array(fc.nat({ max: 30 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 5 }),
      (all, picks, room) => {
        const waiting = [...all]
        const underWay: typeof all = []
        const told: typeof all = []
        for (let step = 0; waiting.length + underWay.length > 0; step++) {
          const busy = new Set(underWay.filter(({ late }) => !late).map(({ lane }) => lane))
          for (const item of nextOf(waiting, busy, room - underWay.length)) {
            waiting.splice(waiting.indexOf(item), 1)
            underWay.push(item)
          }
          told.push(...underWay.splice(picks[step % picks.length]! % underWay.length, 1))
        }
        expect(told).toHaveLength(all.length)
        for (const ofLane of Map.groupBy(
          told.filter(({ late }) => !late),
          ({ lane }) => lane,
        ).values()) {
          const numbers = ofLane.map(({ number }) => number)
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
        }
      },
    ),
  )
})

test('an endpoint that hangs gets one at a time; one that is well again gets more and more', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (outcomes) => {
      let atOnce: number | undefined
      for (const succeeded of outcomes) {
        const before = atOnceOf(atOnce)
        atOnce = atOnceAfter(atOnce, succeeded)
        expect(atOnce).toBeGreaterThanOrEqual(1)
        expect(atOnce).toBeLessThanOrEqual(MOST_AT_ONCE)
        if (succeeded) expect(atOnce).toBeGreaterThanOrEqual(before)
        else expect(atOnce).toBeLessThanOrEqual(before)
      }
      for (const _ of Array(5)) atOnce = atOnceAfter(atOnce, false)
      expect(atOnce).toBe(1)
    }),
  )
})

const DAY = 24 * 3_600_000
test.each([
  [500, undefined, undefined],
  [500, 10 * DAY - 1, undefined],
  [500, 7 * DAY + 1, undefined],
  [500, 7 * DAY, 'failing'],
  [undefined, 1 * DAY, 'failing'],
  [410, undefined, 'gone'],
] as const)('answer %s, failing since %s: paused: %s', (status, since, reason) => {
  expect(pauseAfter(status, since, 10 * DAY)).toBe(reason)
})
