import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FAREWELL_MS, part, SIGN_MS } from './farewell.ts'

/** Parts with sessions for which others ask at these times; answers when each left, in milliseconds. */
function leave(asksAt: number[]): { asked: number; left: number; released: boolean }[] {
  const held = asksAt.map((asked) => ({ asked }))
  const gone: { asked: number; left: number; released: boolean }[] = []
  let last = -Infinity
  let hasSign = false
  for (let now = 0; held.length > 0; now += 10) {
    const wanted = held.filter(({ asked }) => asked <= now)
    hasSign ||= wanted.length > 0
    const what = part({ elapsedMs: now, sinceLastMs: now - last, held: held.length, wanted: wanted.length, hasSign })
    if (what === 'wait') continue
    const going = what === 'all' ? held.splice(0) : held.splice(held.indexOf(wanted[0]!), 1)
    for (const { asked } of going) gone.push({ asked, left: now, released: what === 'all' })
    last = now
  }
  return gone
}

test('nobody asks: all are released after a moment', () => {
  expect(leave([Infinity, Infinity])).toEqual([
    { asked: Infinity, left: SIGN_MS, released: true },
    { asked: Infinity, left: SIGN_MS, released: true },
  ])
})

test('who is asked for leaves one after another, and not before it is asked for', () => {
  const left = leave([300, 300, 300, 4000]).map((one) => one.left)
  expect(left).toEqual([300, 400, 500, 4000])
})

test('with many there is less time for each; who is never asked for is released in the end', () => {
  const gone = leave([...Array.from({ length: 300 }, () => 500), Infinity])
  expect(gone.filter(({ released }) => !released).length).toBeGreaterThan(250)
  expect(Math.max(...gone.map(({ left }) => left))).toBe(FAREWELL_MS)
})

test('whenever others ask, everybody is gone in time, and nobody before his time without a need', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.nat(10_000), fc.constant(Infinity)), { minLength: 1, maxLength: 60 }),
      (asksAt) => {
        const gone = leave(asksAt)
        expect(gone).toHaveLength(asksAt.length)
        for (const { asked, left, released } of gone) {
          expect(left).toBeLessThanOrEqual(FAREWELL_MS)
          if (!released) expect(left).toBeGreaterThanOrEqual(asked)
          if (released && left < FAREWELL_MS) expect(Math.min(...asksAt)).toBeGreaterThanOrEqual(SIGN_MS)
        }
      },
    ),
  )
})
