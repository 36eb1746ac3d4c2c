import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ACT_MS, isExpired, LEASE_MS, mayAct, newLeaseJudge, observeLeases, stoodStillFor } from './lease.ts'

/** Polls every `step` ms; `renewals(t)` is what the lease's counter shows then. */
function watch(until: number, step: number, renewals: (t: number) => number, gaps: [number, number][] = []) {
  let judge = newLeaseJudge
  let beat = 0
  for (let t = 0; t <= until; t += step) {
    if (gaps.some(([from, to]) => t > from && t < to)) continue
    beat += 1
    judge = observeLeases(judge, { leases: [{ bootId: 'boot', renewals: renewals(t) }], canaryBeat: beat }, t)
  }
  return judge
}

describe('the lease judge', () => {
  it('lets a boot live that renews every second', () => {
    expect(
      isExpired(
        watch(60_000, 500, (t) => Math.floor(t / 1000)),
        'boot',
      ),
    ).toBe(false)
  })

  it('calls a boot expired whose counter stood still for the whole period', () => {
    expect(
      isExpired(
        watch(LEASE_MS - 500, 500, () => 7),
        'boot',
      ),
    ).toBe(false)
    expect(
      isExpired(
        watch(LEASE_MS, 500, () => 7),
        'boot',
      ),
    ).toBe(true)
  })

  it('gives everybody a full period after the database was away', () => {
    const judge = watch(24_000, 500, () => 7, [[4_000, 20_000]])
    expect(isExpired(judge, 'boot')).toBe(false)
    expect(stoodStillFor(judge, 'boot')).toBe(4_000)
  })

  it('gives everybody a full period when the canary went back', () => {
    const judge = watch(LEASE_MS, 500, () => 7)
    const restored = observeLeases(judge, { leases: [{ bootId: 'boot', renewals: 7 }], canaryBeat: 3 }, LEASE_MS + 500)
    expect(isExpired(restored, 'boot')).toBe(false)
  })

  it('says nothing of a boot that it has not seen', () => {
    expect(isExpired(newLeaseJudge, 'boot')).toBe(false)
  })

  it('never expires a boot that renewed within the period, whatever the polls and outages', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.integer({ min: 1, max: 8_000 }), renews: fc.boolean() }), { maxLength: 60 }),
        (polls) => {
          let judge = newLeaseJudge
          let now = 0
          let renewals = 0
          let lastRaise = 0
          polls.forEach(({ wait, renews }, index) => {
            now += wait
            if (renews) {
              renewals += 1
              lastRaise = now
            }
            judge = observeLeases(judge, { leases: [{ bootId: 'boot', renewals }], canaryBeat: index }, now)
            if (isExpired(judge, 'boot')) expect(now - lastRaise).toBeGreaterThanOrEqual(LEASE_MS)
            // One poll after a gap can never be enough.
            if (wait > 2_000) expect(isExpired(judge, 'boot')).toBe(false)
          })
        },
      ),
    )
  })
})

it('lets a worker act for three seconds after its last good renewal', () => {
  expect(mayAct(1_000, 1_000 + ACT_MS - 1)).toBe(true)
  expect(mayAct(1_000, 1_000 + ACT_MS)).toBe(false)
})
