/**
 * How many sessions of the installation may log in, and who first. Pure; Postgres has the same rule as a function (migration
 * 0008), and test/postgres/login-pace.test.ts drives both.
 *
 * One bucket of tokens for the whole installation, a token a login: it fills at `rate` and holds `burst` at most. Workers ask
 * for tokens when they have a place for a login, and say whom they would log in now or next, by rank, lowest first.
 * A token is given to a rank only when there are more than the others' demand of lower ranks needs; so a worker whose sessions
 * rank high finds tokens whenever it comes, however many ask for the rest. What a worker asks for and is not given counts as its
 * demand until it asks again, or until it has not for a while, or its boot is over: who can't use tokens keeps nobody waiting.
 */

export interface Pace {
  /** Tokens a second. */
  rate: number
  burst: number
}

/** Sessions that want to log in. */
export interface Demand {
  rank: number
  count: number
}

export interface BootDemand extends Demand {
  boot: string
  /** Milliseconds. */
  askedAt: number
}

export interface Bucket {
  tokens: number
  /** When it held so many, in milliseconds. */
  at: number
  demands: readonly BootDemand[]
}

export interface Request {
  boot: string
  /** Tokens that it can use now. */
  most: number
  /** Whom it would log in now or next; each rank once, lowest first. */
  wanted: readonly Demand[]
}

export interface Grant {
  /** For each rank of the request. */
  granted: number[]
  /** Until there is a token for the first rank that got none, in milliseconds; 0: it got all that it can use. */
  waitMs: number
}

/** Demand that was not repeated for so long is over. */
export const DEMAND_MS = 3_000
/** Clocks are set back by a little all the time; by more it is another clock, whose time is taken as it is. */
const OTHER_CLOCK_MS = 1_000

/** `isAlive`: whether a boot's lease is open; one whose is not gets nothing. `now` in milliseconds, of one clock for all. */
export function leaseLogins(
  { rate, burst }: Pace,
  bucket: Bucket,
  { boot, most, wanted }: Request,
  isAlive: (boot: string) => boolean,
  now: number,
): { bucket: Bucket; grant: Grant } {
  const since = bucket.at > now + OTHER_CLOCK_MS ? now : Math.min(bucket.at, now)
  let tokens = Math.min(burst, bucket.tokens + (rate * (now - since)) / 1000)
  const at = bucket.at > now + OTHER_CLOCK_MS ? now : Math.max(bucket.at, now)
  const others = bucket.demands.filter(
    (demand) => demand.boot !== boot && now - demand.askedAt < DEMAND_MS && isAlive(demand.boot),
  )
  if (!isAlive(boot))
    return { bucket: { tokens, at, demands: others }, grant: { granted: wanted.map(() => 0), waitMs: 0 } }

  let left = most
  let waitMs = 0
  const granted = wanted.map(({ rank, count }) => {
    const reserved = others.reduce((sum, other) => (other.rank < rank ? sum + other.count : sum), 0)
    const given = Math.max(0, Math.min(count, left, Math.floor(tokens) - reserved))
    tokens -= given
    left -= given
    if (given < count && left > 0 && waitMs === 0) waitMs = Math.ceil(((reserved + 1 - tokens) / rate) * 1000)
    return given
  })
  const unmet = wanted.flatMap(({ rank, count }, i) =>
    count > granted[i]! ? [{ boot, rank, count: count - granted[i]!, askedAt: now }] : [],
  )
  return { bucket: { tokens, at, demands: [...others, ...unmet] }, grant: { granted, waitMs } }
}
