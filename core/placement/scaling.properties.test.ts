/** What must hold of the number of workers, whatever the customers and their load are. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { minutes, type Rates } from './scaling.testing.ts'
import type { TierView } from './snapshot.ts'
import { session, tenant, tier, type World, world } from './world.testing.ts'

const HOSTS = ['n1', 'n2', 'n3']
/** Minutes until all is at rest; each worker that goes takes up to six. */
const LONG = 90

const size = fc.record({
  min: fc.nat(2),
  max: fc.integer({ min: 2, max: 8 }),
  spare: fc.nat(2),
  tenantsPerWorker: fc.integer({ min: 1, max: 5 }),
  dedicated: fc.boolean(),
})
const customer = fc.record({ sessions: fc.integer({ min: 1, max: 3 }), rate: fc.nat(90) })
const customers = fc.array(customer, { maxLength: 12 })

interface Start {
  state: World
  rates: Rates
}

function startOf(
  {
    min,
    max,
    spare,
    tenantsPerWorker,
    dedicated,
  }: { min: number; max: number; spare: number; tenantsPerWorker: number; dedicated: boolean },
  who: readonly { sessions: number; rate: number }[],
): Start {
  const of: TierView = tier('pro', {
    dedicated,
    tenantsPerWorker: dedicated ? 1 : tenantsPerWorker,
    workers: { min: Math.min(min, max), max, spare },
    hosts: HOSTS,
  })
  const names = who.map((_, index) => `t${index}`)
  return {
    state: world({
      tiers: [of],
      tenants: names.map((name) => tenant(name, 'pro')),
      sessions: who.flatMap(({ sessions }, index) =>
        Array.from({ length: sessions }, (_, i) => session(`${names[index]}.${i}`, names[index]!)),
      ),
    }),
    rates: new Map(who.map(({ rate }, index) => [names[index]!, rate])),
  }
}

it('comes to rest under a constant demand and load, and then does nothing for ever', () => {
  fc.assert(
    fc.property(size, customers, (limits, who) => {
      const { state, rates } = startOf(limits, who)
      const late = [...minutes(state, rates, LONG + 30)].slice(LONG)
      expect(late.flatMap(({ actions }) => actions)).toEqual([])
    }),
    { numRuns: 15 },
  )
})

it('moves nobody out of a place into none, and no more at a time than the tier allows', () => {
  fc.assert(
    fc.property(size, customers, fc.integer({ min: 1, max: 3 }), (limits, who, maxMoving) => {
      const { state, rates } = startOf(limits, who)
      const placed = new Set<string>()
      for (const { world: after, actions } of minutes(
        { ...state, tiers: [{ ...state.tiers[0]!, maxMoving }] },
        rates,
        60,
      )) {
        const moves = actions.filter((action) => action.do === 'Place' && action.from !== undefined)
        expect(moves.length).toBeLessThanOrEqual(maxMoving)
        for (const { name, placement } of after.sessions) {
          if (placement) placed.add(name)
          else expect(placed).not.toContain(name)
        }
        expect(after.workers.filter(({ deleting }) => !deleting).length).toBeLessThanOrEqual(limits.max)
      }
    }),
    { numRuns: 12 },
  )
})

it('does not follow a demand that comes and goes within the time of the tier', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), (count, period) => {
      const { state } = startOf(
        { min: 0, max: 8, spare: 1, tenantsPerWorker: 2, dedicated: false },
        Array.from({ length: count }, () => ({ sessions: 1, rate: 0 })),
      )
      let now: World = state
      let most = 0
      for (let minute = 0; minute < 48; minute += period) {
        const isHigh = (minute / period) % 2 === 0
        now = { ...now, sessions: now.sessions.map((one) => ({ ...one, running: isHigh || one.tenant === 't0' })) }
        for (const { world: after } of minutes(now, new Map(), period, minute)) {
          now = after
          const alive = now.workers.filter(({ deleting }) => !deleting).length
          expect(alive).toBeGreaterThanOrEqual(most)
          most = alive
        }
      }
    }),
    { numRuns: 15 },
  )
})

it('has no host carry all spare workers, where Kubernetes can put them on another', () => {
  fc.assert(
    fc.property(customers, fc.integer({ min: 1, max: 3 }), (who, spare) => {
      const limits = { min: 0, max: 20, spare, tenantsPerWorker: 3, dedicated: false }
      const { state, rates } = startOf(limits, who)
      // All began on one host; new pods come to the one with fewest.
      const crowded = [...minutes(state, rates, LONG)].at(-1)!.world
      let now: World = { ...crowded, workers: crowded.workers.map((one) => ({ ...one, host: 'n1' })) }
      for (let minute = LONG; minute < LONG + 40; minute++) {
        now = [...minutes(now, rates, 1, minute)][0]!.world
        now = { ...now, workers: now.workers.map((one) => ({ ...one, host: one.host ?? leastOf(now) })) }
      }
      const hostsOf = (empty: boolean) => {
        const places = now.workers.filter(({ used }) => used !== empty).map(({ host }) => host)
        return new Set(places)
      }
      const [idle, busy] = [hostsOf(true), hostsOf(false)]
      if (spare > 1) expect(idle.size).toBeGreaterThan(1)
      else if (busy.size > 0) expect(new Set([...idle, ...busy]).size).toBeGreaterThan(1)
    }),
    { numRuns: 12 },
  )
})

function leastOf({ workers }: World): string {
  const count = (host: string) => workers.filter((one) => one.host === host).length
  return HOSTS.toSorted((a, b) => count(a) - count(b))[0]!
}
