/**
 * The decisions of a leader election by a Lease object. Pure; times are monotonic milliseconds of this process.
 *
 * Nobody's clock is compared with anybody else's: a candidate takes the lease when it has seen the same renewal stand
 * still for the lease's duration, and a leader stops when its own last renewal was sent longer ago than its deadline,
 * which is shorter. This keeps two leaders apart in practice but is no fence: a process that stood still wakes up as
 * leader for a moment. Every write of a leader must be conditional by itself.
 */
import type { Lease } from '../model/builtin.ts'

type LeaseSpec = NonNullable<Lease['spec']>

/** What is known of a lease, and since when its renewal has stood still. */
export interface Observation {
  spec: LeaseSpec
  unchangedSince: number
}

/** Takes in the lease as just read. */
export function observe(before: Observation | undefined, spec: LeaseSpec, now: number): Observation {
  return before && isSameRenewal(before.spec, spec) ? { ...before, spec } : { spec, unchangedSince: now }
}

/** When the lease may be taken: at once if nobody holds it or we do ourselves; else when its holder has been silent. */
export function mayTakeAt(lease: Observation, identity: string): number {
  const { holderIdentity, leaseDurationSeconds } = lease.spec
  if (!holderIdentity || holderIdentity === identity) return -Infinity
  return lease.unchangedSince + (leaseDurationSeconds ?? 0) * 1000
}

/** When a leader must stop, counted from when it sent its last renewal that was confirmed. */
export const mustStopAt = (lastRenewalSentAt: number, renewDeadlineMs: number): number =>
  lastRenewalSentAt + renewDeadlineMs

/** The lease as its (new) holder writes it. `time` is a MicroTime. */
export function held(
  before: LeaseSpec | undefined,
  identity: string,
  leaseDurationMs: number,
  time: string,
): LeaseSpec {
  const same = before?.holderIdentity === identity
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
    acquireTime: same ? (before.acquireTime ?? time) : time,
    renewTime: time,
    leaseTransitions: (before?.leaseTransitions ?? 0) + (before && !same ? 1 : 0),
  }
}

/** The lease as its holder gives it up: free for anyone at once. */
export const released = (before: LeaseSpec, time: string): LeaseSpec => ({
  ...before,
  holderIdentity: '',
  leaseDurationSeconds: 1,
  renewTime: time,
})

const isSameRenewal = (a: LeaseSpec, b: LeaseSpec): boolean =>
  a.holderIdentity === b.holderIdentity && a.renewTime === b.renewTime && a.leaseTransitions === b.leaseTransitions
