/**
 * When a worker's lease has expired. Pure; times are monotonic milliseconds of the judge's own process.
 *
 * A boot raises the `renewals` of its lease every second. The operator looks at all leases in each poll, and raises a
 * canary row of its own with the same query. Nobody's clock is compared with anybody else's: a boot is
 * *renewing* while its counter keeps rising; it is *expired* when the counter stood still for five seconds in which
 * the canary was confirmed without a gap. A gap (no confirmed poll for two seconds) means that the database was away, or
 * that the judge itself stood still: then nothing can be said of the workers, and everybody gets a fresh full period.
 */

/** How long a counter must stand still. */
export const LEASE_MS = 5_000
/** A longer time without a confirmed poll says nothing about the workers. */
export const GAP_MS = 2_000
/** A worker whose lease was not renewed for so long starts nothing: no login, no send, no command. */
export const ACT_MS = 3_000

export interface LeaseSight {
  renewals: number
  /** When the counter was first seen at this value, or when a gap ended since then. */
  standsStillSince: number
}

export interface LeaseJudge {
  boots: ReadonlyMap<string, LeaseSight>
  canaryBeat: number
  /** When the last poll was taken in; -Infinity before the first one. */
  observedAt: number
}

export const newLeaseJudge: LeaseJudge = { boots: new Map(), canaryBeat: -1, observedAt: -Infinity }

export interface LeaseReading {
  leases: readonly { bootId: string; renewals: number }[]
  /** Value of the canary's counter after this poll's own raise. */
  canaryBeat: number
}

/** Takes in one poll. `now` is when the poll was sent: a lease renewed while it ran counts for the next one. */
export function observeLeases(before: LeaseJudge, reading: LeaseReading, now: number): LeaseJudge {
  const gap = reading.canaryBeat <= before.canaryBeat || now - before.observedAt > GAP_MS
  const boots = new Map(
    reading.leases.map(({ bootId, renewals }) => {
      const known = before.boots.get(bootId)
      const stoodStill = known !== undefined && known.renewals === renewals && !gap
      return [bootId, { renewals, standsStillSince: stoodStill ? known.standsStillSince : now }]
    }),
  )
  return { boots, canaryBeat: reading.canaryBeat, observedAt: now }
}

/** How long the boot's counter was seen to stand still, by the last poll; 0 for a boot that is not known. */
export function stoodStillFor(judge: LeaseJudge, bootId: string): number {
  const sight = judge.boots.get(bootId)
  return sight ? judge.observedAt - sight.standsStillSince : 0
}

export const isExpired = (judge: LeaseJudge, bootId: string): boolean => stoodStillFor(judge, bootId) >= LEASE_MS

/** The worker's own rule: may it start a login, a send or a command? `lastRenewal`: when the last good one was sent. */
export const mayAct = (lastRenewal: number, now: number): boolean => now - lastRenewal < ACT_MS
