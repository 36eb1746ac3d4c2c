import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Bucket, DEMAND_MS, leaseLogins, type Request } from './login-pace.ts'

const BOOTS = ['a', 'b', 'c']
const everybody = () => true
const full = (burst: number): Bucket => ({ tokens: burst, at: 0, demands: [] })

const paces = fc.record({
  rate: fc.double({ min: 0.1, max: 200, noNaN: true }),
  burst: fc.integer({ min: 1, max: 200 }),
})
const wanted = fc.uniqueArray(
  fc.record({ rank: fc.integer({ min: -3, max: 3 }), count: fc.integer({ min: 1, max: 9 }) }),
  {
    selector: ({ rank }) => rank,
    maxLength: 4,
  },
)
const requests = fc.record({
  boot: fc.constantFrom(...BOOTS),
  most: fc.integer({ min: 0, max: 10 }),
  wanted: wanted.map((list) => list.toSorted((a, b) => a.rank - b.rank)),
})
const steps = fc.array(fc.record({ request: requests, afterMs: fc.integer({ min: 0, max: 5000 }) }), { maxLength: 60 })

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

test('no window of time has more logins than the burst and what the rate gives', () => {
  fc.assert(
    fc.property(paces, steps, (pace, history) => {
      let bucket = full(pace.burst)
      let now = 0
      const given: { at: number; count: number }[] = []
      for (const { request, afterMs } of history) {
        now += afterMs
        const leased = leaseLogins(pace, bucket, request, everybody, now)
        bucket = leased.bucket
        given.push({ at: now, count: sum(leased.grant.granted) })
        expect(sum(leased.grant.granted)).toBeLessThanOrEqual(request.most)
      }
      for (const [from, { at: begin }] of given.entries()) {
        for (let to = from; to < given.length; to++) {
          const inWindow = sum(given.slice(from, to + 1).map(({ count }) => count))
          const allowed = pace.burst + (pace.rate * (given[to]!.at - begin)) / 1000
          expect(inWindow).toBeLessThanOrEqual(allowed + 1e-6)
        }
      }
    }),
  )
})

test("a token is given only beyond what the others' lower ranks ask for, and is not kept back otherwise", () => {
  fc.assert(
    fc.property(paces, steps, (pace, history) => {
      let bucket = full(pace.burst)
      let now = 0
      for (const { request, afterMs } of history) {
        now += afterMs
        const living = bucket.demands.filter(({ boot, askedAt }) => boot !== request.boot && now - askedAt < DEMAND_MS)
        const { bucket: after, grant } = leaseLogins(pace, bucket, request, everybody, now)
        for (const [i, { rank, count }] of request.wanted.entries()) {
          const before = sum(living.filter((other) => other.rank < rank).map((other) => other.count))
          const given = grant.granted[i]!
          if (given > 0) expect(after.tokens + sum(grant.granted.slice(i + 1))).toBeGreaterThanOrEqual(before)
          const isFull = given === count || sum(grant.granted.slice(0, i + 1)) === request.most
          if (!isFull) expect(after.tokens - before).toBeLessThan(1)
        }
        bucket = after
      }
    }),
  )
})

test('two workers: the dear tier first, however many of the cheap one ask; in the end everybody was served', () => {
  const pace = { rate: 20, burst: 20 }
  const left = { dear: 60, cheap: 60 }
  let bucket = full(pace.burst)
  const order: string[] = []
  for (let now = 0; left.dear + left.cheap > 0; now += 100) {
    for (const [boot, rank] of [
      ['cheap', 0],
      ['dear', -9900],
    ] as const) {
      const count = Math.min(left[boot], 10)
      if (count === 0) continue
      const request: Request = { boot, most: 5, wanted: [{ rank, count }] }
      const leased = leaseLogins(pace, bucket, request, everybody, now)
      bucket = leased.bucket
      left[boot] -= sum(leased.grant.granted)
      order.push(...Array.from({ length: sum(leased.grant.granted) }, () => boot))
    }
    expect(now).toBeLessThan(10_000)
  }
  // What was there before the dear ones asked goes to the cheap ones; then they wait until the last dear ones.
  const lastDear = order.lastIndexOf('dear')
  expect(order.slice(0, lastDear).filter((boot) => boot === 'cheap').length).toBeLessThan(20)
})

test('demand that is not repeated, and that of a boot that is over, keeps nobody waiting', () => {
  const pace = { rate: 1, burst: 2 }
  const ask = (boot: string, rank: number, most = 5): Request => ({ boot, most, wanted: [{ rank, count: 5 }] })
  const { bucket } = leaseLogins(pace, { ...full(2), tokens: 0 }, ask('dear', -1), everybody, 0)
  const later = (now: number, isAlive: (boot: string) => boolean) =>
    leaseLogins(pace, bucket, ask('cheap', 0), isAlive, now).grant
  expect(later(2_000, everybody)).toEqual({ granted: [0], waitMs: 4_000 })
  expect(later(2_000, (boot) => boot !== 'dear').granted).toEqual([2])
  expect(later(DEMAND_MS, everybody).granted).toEqual([2])
  expect(later(2_000, () => false).granted).toEqual([0])
})

test('a clock that is set back stops nobody: a little is waited for, by more it is another clock', () => {
  const pace = { rate: 1, burst: 10 }
  const bucket = { tokens: 0, at: 100_000, demands: [] }
  const ask: Request = { boot: 'a', most: 5, wanted: [{ rank: 0, count: 5 }] }
  expect(leaseLogins(pace, bucket, ask, everybody, 99_500).bucket).toMatchObject({ tokens: 0, at: 100_000 })
  expect(leaseLogins(pace, bucket, ask, everybody, 10_000).bucket).toMatchObject({ tokens: 0, at: 10_000 })
})
