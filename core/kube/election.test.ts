import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { held, mayTakeAt, mustStopAt, type Observation, observe, released } from './election.ts'

const TIME = '2026-11-21T09:00:00.000000Z'
const LATER = '2026-11-21T09:00:01.000000Z'

describe('election', () => {
  test('a renewal starts the wait anew; reading the same one again does not', () => {
    const first = observe(undefined, held(undefined, 'a', 6_000, TIME), 100)
    const again = observe(first, held(undefined, 'a', 6_000, TIME), 5_000)
    expect(mayTakeAt(again, 'b')).toBe(6_100)
    const renewed = observe(again, held(again.spec, 'a', 6_000, LATER), 5_500)
    expect(mayTakeAt(renewed, 'b')).toBe(11_500)
  })

  test('what nobody holds, and what is ours, may be taken at once', () => {
    const mine = observe(undefined, held(undefined, 'a', 6_000, TIME), 100)
    expect(mayTakeAt(mine, 'a')).toBe(-Infinity)
    expect(mayTakeAt(observe(mine, released(mine.spec, LATER), 200), 'b')).toBe(-Infinity)
    expect(mayTakeAt(observe(undefined, {}, 0), 'b')).toBe(-Infinity)
  })

  test('counts the changes of holder, and keeps the time of acquisition while it stays', () => {
    const first = held(undefined, 'a', 6_000, TIME)
    expect(first).toMatchObject({ leaseTransitions: 0, acquireTime: TIME, leaseDurationSeconds: 6 })
    expect(held(first, 'a', 6_000, LATER)).toMatchObject({ leaseTransitions: 0, acquireTime: TIME, renewTime: LATER })
    const free = released(first, LATER)
    expect(held(free, 'b', 6_000, LATER)).toMatchObject({ leaseTransitions: 1, acquireTime: LATER })
  })

  test('whoever takes a silent lease finds its leader stopped, whatever the delays', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ gap: fc.nat(5_000), delay: fc.nat(3_000), poll: fc.nat(1_200) }), { minLength: 1 }),
        (renewals) => {
          let now = 0
          let sentAt = 0
          let lease: Observation | undefined
          for (const [index, { gap, delay, poll }] of renewals.entries()) {
            now = Math.max(now, sentAt + gap)
            sentAt = now
            // The write takes effect after some delay, and the candidate reads it later still.
            const time = `2026-11-21T09:00:00.${String(index).padStart(6, '0')}Z`
            lease = observe(lease, held(lease?.spec, 'a', 6_000, time), sentAt + delay + poll)
          }
          expect(mayTakeAt(lease as Observation, 'b')).toBeGreaterThan(mustStopAt(sentAt, 4_000))
        },
      ),
    )
  })
})
