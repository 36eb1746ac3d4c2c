// What a load is made of. Everything that happens by chance follows from the seed.

export interface LoadPlan {
  /** Phones whose accounts are to be linked, and phones that only write to them. */
  accounts: number
  contacts: number
  /** Messages to an account that has a linked device, on the average. Each comes by itself, as in a Poisson process. */
  perMinute: number
  /** `skewed`: one account in ten gets ten times as many as the others. */
  distribution: 'even' | 'skewed'
  /** The share of messages that are written in a group, and how many are in it, the account included. */
  groupShare: number
  groupSize: number
  /** The rate grows evenly from nothing to its full height in this time. */
  rampSeconds: number
  /** Of a message's text, in characters, on the average. */
  textLength: number
  seed: number
}

/** Who is meant, by place in the list. */
const ACCOUNT_PREFIX = '551'
const CONTACT_PREFIX = '552'

export const accountNumber = (index: number): string => numberOf(ACCOUNT_PREFIX, index)
export const contactNumber = (index: number): string => numberOf(CONTACT_PREFIX, index)

/** In a skewed load, the places that get more than the others. */
export const isBusy = (index: number): boolean => index % 10 === 0

/** Messages a millisecond with every account linked, at the full rate. */
export const fullRate = ({ accounts, perMinute }: Pick<LoadPlan, 'accounts' | 'perMinute'>): number =>
  (accounts * perMinute) / 60_000

/** The share of the full rate that is due with so many accounts linked, `elapsedMs` after the start. */
export function dueShare({ accounts, rampSeconds }: LoadPlan, linked: number, elapsedMs: number): number {
  const ramped = rampSeconds === 0 ? 1 : Math.min(1, elapsedMs / (rampSeconds * 1000))
  return (ramped * linked) / accounts
}

function numberOf(prefix: string, index: number): string {
  return prefix + String(index + 1).padStart(10, '0')
}
