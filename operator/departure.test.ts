import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Departure, leftLinked, nextStep } from './departure.ts'

const linked: Departure = { device: 'Logout', linked: true, runnable: true, placed: true, held: true, ageMs: 0 }
const queued = (ageMs: number) => ({ status: 'queued' as const, ageMs })

describe('nextStep', () => {
  it('logs out, leaves, finishes', () => {
    expect(nextStep(linked)).toBe('AskLogout')
    expect(nextStep({ ...linked, logout: queued(29_999) })).toBe('AwaitLogout')
    expect(nextStep({ ...linked, logout: { status: 'done', ageMs: 5 } })).toBe('Leave')
    expect(nextStep({ ...linked, logout: { status: 'done', ageMs: 5 }, placed: false })).toBe('Leave')
    expect(nextStep({ ...linked, logout: { status: 'done', ageMs: 5 }, placed: false, held: false })).toBe('Finish')
  })

  it('gives the logout up after its time', () => {
    expect(nextStep({ ...linked, logout: queued(30_000) })).toBe('Leave')
    expect(nextStep({ ...linked, logout: { status: 'failed', ageMs: 5 } })).toBe('Leave')
  })

  it.each([
    ['the device is kept', { device: 'Keep' }],
    ['it was never linked', { linked: false }],
    ['nobody may run it', { runnable: false }],
  ] as const)('leaves at once when %s', (_, change) => {
    expect(nextStep({ ...linked, ...change })).toBe('Leave')
  })

  it('always ends', () => {
    const departure = fc.record<Departure>({
      device: fc.constantFrom('Logout', 'Keep'),
      linked: fc.boolean(),
      runnable: fc.boolean(),
      logout: fc.option(fc.record({ status: fc.constantFrom('queued', 'done', 'failed'), ageMs: fc.nat(60_000) }), {
        nil: undefined,
      }),
      placed: fc.boolean(),
      held: fc.boolean(),
      ageMs: fc.integer({ min: 90_000, max: 10_000_000 }),
    })
    fc.assert(fc.property(departure, (late) => nextStep(late) === 'Finish'))
  })
})

it('says why a phone may still list the device', () => {
  expect(leftLinked({ ...linked, logout: { status: 'done', ageMs: 1 } })).toBeUndefined()
  expect(leftLinked({ ...linked, device: 'Keep' })).toBeUndefined()
  expect(leftLinked({ ...linked, runnable: false })).toBe('it was not running')
  expect(leftLinked({ ...linked, logout: { status: 'failed', ageMs: 1 } })).toBe('the logout failed')
  expect(leftLinked({ ...linked, logout: queued(30_000) })).toBe('no worker did it in time')
})
