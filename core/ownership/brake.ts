/**
 * The brake on revocations. Pure; times are monotonic milliseconds of the judge's own process.
 *
 * A lease that stands still is a suspicion. When most workers fall silent at the same moment, on hosts on which others go on,
 * or on all hosts, then it is rather what they share: a machine without CPU time, a network, the judge itself. To revoke them all
 * would end processes that are about to wake up, and cost the starts and logins of all that they hold. So then they are
 * kept, and given up one by one: the longest silent first, none before it was silent for 15 s, and one in ten seconds.
 *
 * Never braked: proof of death (death.ts); fewer than three silent workers, or less than two thirds of all; and silence of
 * hosts as a whole, as long as others live whole: that is what a zone looks like that is lost.
 */
import { ACT_MS } from './lease.ts'

/** A boot that is only suspected, as far as it is not superseded by a newer one of its pod. */
export interface Suspect {
  bootId: string
  /** Where it runs, if known. */
  host?: string | undefined
  /** How long its lease was seen to stand still, in milliseconds. */
  silentFor: number
}

const FEW = 3
const MOST = 2 / 3
const BRAKED_LEASE_MS = 15_000
const ONE_IN_MS = 10_000

/** Is it rather something that the workers share? */
export function isWidespread(boots: readonly Suspect[]): boolean {
  const silent = boots.filter(({ silentFor }) => silentFor >= ACT_MS)
  if (silent.length < FEW || silent.length < boots.length * MOST) return false
  const living = boots.filter(({ silentFor }) => silentFor < ACT_MS)
  const silentHosts = new Set(silent.map(({ host }) => host))
  const isPartOfCluster = living.length > 0 && living.every(({ host }) => host !== undefined && !silentHosts.has(host))
  return !isPartOfCluster
}

/** Of a widespread silence: the one that may be given up now, if any. `lastAt`: when the one before it was. */
export function giveUpNext(boots: readonly Suspect[], lastAt: number, now: number): Suspect | undefined {
  if (now - lastAt < ONE_IN_MS) return undefined
  const overdue = boots.filter(({ silentFor }) => silentFor >= BRAKED_LEASE_MS)
  return overdue.sort((a, b) => b.silentFor - a.silentFor || (a.bootId < b.bootId ? -1 : 1))[0]
}
