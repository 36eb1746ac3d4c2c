import { expect, it } from 'vitest'
import { FAULT_NAMES } from './faults/all.ts'
import { parseOptions, UsageError } from './options.ts'
import { population } from './population.ts'
import { endlessly, Random } from './random.ts'

it('spreads the accounts over tenants of all tiers', () => {
  for (const sessions of [3, 4, 12, 50]) {
    const { tenants, accounts } = population(sessions)
    expect(new Set(tenants.map(({ tier }) => tier))).toEqual(new Set(['basic', 'pro', 'max']))
    expect(new Set(accounts.map(({ number }) => number)).size).toBe(sessions)
    expect(new Set(accounts.map(({ tenant, session }) => `${tenant}/${session}`)).size).toBe(sessions)
    for (const { tenant, contacts } of accounts) {
      expect(tenants.map(({ name }) => name)).toContain(tenant)
      expect(new Set(contacts).size).toBe(3)
    }
  }
})

it('gives every fault its turn, in an order that the seed repeats', () => {
  const first = (seed: number, n: number) => {
    const turns = endlessly(FAULT_NAMES, new Random(seed))
    return Array.from({ length: n }, () => turns.next().value)
  }
  const { length } = FAULT_NAMES
  expect(first(1, 2 * length)).toEqual(first(1, 2 * length))
  expect(first(1, length)).not.toEqual(first(2, length))
  expect(first(3, length).toSorted()).toEqual(FAULT_NAMES.toSorted())
})

it('chooses evenly', () => {
  const random = new Random(7)
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 4000; i++) counts[random.between(0, 3)]! += 1
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
})

it('reads options, and says what to type instead of wrong ones', () => {
  expect(parseOptions(['--rounds', '3', '--faults', 'kill,pod', '--json'])).toMatchObject({
    rounds: 3,
    sessions: 12,
    rates: { in: 30, out: 20 },
    seed: 1,
    faults: ['kill', 'pod'],
    json: true,
  })
  expect(parseOptions(['--cluster', '--faults', 'node'])).toMatchObject({
    sessions: 10,
    rates: { in: 5, out: 4 },
    cluster: [{ name: 'node' }],
  })
  expect(parseOptions(['--help'])).toBe('help')
  for (const wrong of [['--rounds', '0'], ['--rounds', 'x'], ['--faults', 'sneeze'], ['--sneeze']]) {
    expect(() => parseOptions(wrong)).toThrow(UsageError)
  }
})
