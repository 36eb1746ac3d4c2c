import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, type Ending } from './reconnect.ts'

const ending = (changes: Partial<Ending>): Ending => ({
  code: 428,
  linked: true,
  hasLoggedIn: true,
  failures: 1,
  wasUnscanned: false,
  isCodeWanted: false,
  ...changes,
})
const noChance = () => 0

describe('after a connection ended', () => {
  test('515 connects again at once', () => {
    expect(decide(ending({ code: 515, failures: 9 }), Math.random)).toMatchObject({ next: 'connect', waitMs: 0 })
  })

  test.each([400, 408, 428, 500, 503, 418, undefined])(
    '%s is tried again, later each time, at most every minute',
    (code) => {
      const waits = [1, 2, 3, 20].map((failures) => {
        const decision = decide(ending({ code, failures }), noChance)
        return decision.next === 'connect' ? decision.waitMs : undefined
      })
      expect(waits).toEqual([1000, 2000, 4000, 60_000])
    },
  )

  test.each([
    [401, 'LoggedOut'],
    [402, 'Banned'],
    [403, 'Banned'],
    [405, 'Failed'],
    [406, 'LoggedOut'],
    [411, 'Failed'],
  ])('%s stops in %s and says what to do', (code, state) => {
    const decision = decide(ending({ code }), Math.random)
    expect(decision).toMatchObject({ next: 'stop', state })
    expect(decision.message).toMatch(/Link it again|stop and start|update Berth/)
  })

  test('440 asks whose the session is, and comes back slowly', () => {
    const decision = decide(ending({ code: 440 }), Math.random)
    expect(decision).toMatchObject({ next: 'connect', checkOwner: true, state: 'UsedElsewhere' })
    expect(decision.next === 'connect' && decision.waitMs).toBeGreaterThanOrEqual(30_000)
  })

  test('a link that WhatsApp never got to know is forgotten; one that was logged in was removed', () => {
    const interrupted = decide(ending({ code: 401, hasLoggedIn: false }), Math.random)
    expect(interrupted).toMatchObject({ next: 'connect', forget: true, waitMs: 0 })
    expect(decide(ending({ code: 401, hasLoggedIn: true }), Math.random)).toMatchObject({ next: 'stop' })
  })

  test.each([408, 428, 503, undefined])(
    '%s, and no phone is linked: goes on while somebody looks, else rests',
    (code) => {
      const after = (isCodeWanted: boolean) =>
        decide(ending({ code, linked: false, wasUnscanned: true, isCodeWanted }), noChance)
      expect(after(true)).toMatchObject({ next: 'connect' })
      expect(after(false)).toMatchObject({ next: 'rest', state: 'WaitingForScan' })
    },
  )

  test('codes that ran out while somebody looks are no failure', () => {
    const ranOut = ending({ code: 408, linked: false, wasUnscanned: true, isCodeWanted: true, failures: 20 })
    expect(decide(ranOut, noChance)).toMatchObject({ state: 'WaitingForScan', reason: 'NewCode', waitMs: 1000 })
  })

  test('whatever happens, the wait is bounded and the words are there', () => {
    const codes = fc.option(fc.integer({ min: 400, max: 600 }), { nil: undefined })
    fc.assert(
      fc.property(
        codes,
        fc.boolean(),
        fc.boolean(),
        fc.nat(1e6),
        fc.boolean(),
        fc.boolean(),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (...all) => {
          const [code, linked, hasLoggedIn, failures, wasUnscanned, isCodeWanted, chance] = all
          const ended = { code, linked, hasLoggedIn, failures, wasUnscanned, isCodeWanted }
          const decision = decide(ended, () => chance)
          expect(decision.reason).toMatch(/^[A-Z][A-Za-z0-9]{1,63}$/)
          expect(decision.message.length).toBeLessThan(1024)
          if (decision.next !== 'connect') return
          expect(decision.waitMs).toBeGreaterThanOrEqual(0)
          expect(decision.waitMs).toBeLessThanOrEqual(15 * 60_000)
        },
      ),
    )
  })
})
