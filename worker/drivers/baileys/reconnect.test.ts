import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addEnding, decide, type Ending, NO_HISTORY } from './reconnect.ts'

const NOW = Date.UTC(2026, 10, 21)
const SECOND = 1000
const MINUTE = 60_000
const HOUR = 3_600_000

const ending = (changes: Partial<Ending>): Ending => ({
  code: 428,
  linked: true,
  hasLoggedIn: true,
  history: { failures: 1, restarts: 0, conflicts: 0 },
  wasOpen: false,
  wasUnscanned: false,
  isCodeWanted: false,
  ...changes,
})
const after = (failures: number) => ({ failures, restarts: 0, conflicts: 0 })
const decideAt = (changes: Partial<Ending>, chance = Math.random()) => decide(ending(changes), () => chance, NOW)
const waitAfter = (changes: Partial<Ending>, chance: number): number => {
  const decision = decideAt(changes, chance)
  if (decision.next !== 'connect') throw new Error(`not tried again: ${decision.next}`)
  return decision.waitMs
}

const chance = fc.double({ min: 0, max: 0.999, noNaN: true })

/** Ends that follow one another, each so long after its login, for a virtual day; answers when each was tried again. */
function loginsOfADay(code: number, openMs: number, random: () => number): number[] {
  let history = NO_HISTORY
  const logins: number[] = []
  for (let time = 0; time < 24 * HOUR; ) {
    logins.push(time)
    history = addEnding(history, code, openMs)
    const decision = decide(ending({ code, history, wasOpen: openMs > 0 }), random, time)
    if (decision.next !== 'connect') break
    time += openMs + decision.waitMs
  }
  return logins
}

describe('after a connection ended', () => {
  test('515 connects again at once; a server that says nothing else is not asked in a loop', () => {
    expect(decideAt({ code: 515, history: { failures: 9, restarts: 1, conflicts: 0 } })).toMatchObject({ waitMs: 0 })
    expect(loginsOfADay(515, 0, () => 0.5).length).toBeLessThan(1200)
  })

  const longest = (changes: Partial<Ending>) =>
    [1, 2, 3, 20].map((failures) => Math.round(waitAfter({ ...changes, history: after(failures) }, 0.999999)))
  const seconds = (...all: number[]) => all.map((one) => one * SECOND)

  test.each([400, 500, 503])('%s is tried again, later each time, up to minutes', (code) => {
    expect(longest({ code })).toEqual(seconds(1, 2, 4, 180))
    expect(waitAfter({ code, history: after(20) }, 0)).toBe(500)
    expect(decideAt({ code })).not.toHaveProperty('unreached')
  })

  test.each([408, 428, undefined])('%s before the login is silence: half a minute at most, or until a sign', (code) => {
    expect(longest({ code })).toEqual(seconds(1, 2, 4, 30))
    expect(decideAt({ code })).toMatchObject({ unreached: true })
  })

  test.each([408, 428, undefined])('%s of a session that was logged in waits up to minutes', (code) => {
    expect(longest({ code, wasOpen: true })).toEqual(seconds(1, 2, 4, 180))
    expect(decideAt({ code, wasOpen: true })).not.toHaveProperty('unreached')
  })

  test('an outage of any length is over for a session within half a minute of its end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: HOUR }), chance, (outageMs, chance) => {
        let history = NO_HISTORY
        let time = 0
        while (time <= outageMs) {
          history = addEnding(history, 408, 0)
          const decision = decide(ending({ code: 408, history }), () => chance, time)
          time += decision.next === 'connect' ? decision.waitMs : Number.POSITIVE_INFINITY
        }
        expect(time - outageMs).toBeLessThanOrEqual(30 * SECOND)
      }),
    )
  })

  test('a thousand sessions that failed together come back spread over the whole wait', () => {
    const waits = Array.from({ length: 1000 }, (_, i) => waitAfter({ code: 503, history: after(10) }, i / 1000))
    const perTenSeconds = Map.groupBy(waits, (wait) => Math.floor(wait / (10 * SECOND)))
    expect(Math.max(...[...perTenSeconds.values()].map((one) => one.length))).toBeLessThan(60)
  })

  test.each([401, 403, 405, 406, 409, 411])('%s is never tried again', (code) => {
    expect(loginsOfADay(code, 0, Math.random)).toHaveLength(1)
  })

  test('402 is tried again when WhatsApp said so, and never when it did not', () => {
    const decision = decideAt({ code: 402, ban: { seconds: 3600, cause: '101' } })
    expect(decision).toMatchObject({
      next: 'connect at',
      until: NOW + HOUR,
      state: 'Banned',
      reason: 'TemporarilyBanned',
    })
    expect(decision.message).toContain('until 2026-11-21 01:00 UTC')
    expect(decideAt({ code: 402, ban: { seconds: 0 } })).toMatchObject({ next: 'stop', state: 'Banned' })
    expect(decideAt({ code: 402, ban: { seconds: 1e300 } })).toMatchObject({ next: 'connect at' })
  })

  test.each([418, 499])('%s, which nobody knows, is tried slowly', (code) => {
    expect(waitAfter({ code }, 0.5)).toBeGreaterThanOrEqual(30 * SECOND)
    expect(loginsOfADay(code, 0, Math.random).length).toBeLessThan(60)
  })

  test('440 asks whose the session is, and comes back slowly, up to an hour', () => {
    expect(decideAt({ code: 440 })).toMatchObject({ next: 'connect', checkOwner: true, state: 'UsedElsewhere' })
    const waits = [1, 2, 20].map((conflicts) => waitAfter({ code: 440, history: { ...after(1), conflicts } }, 0))
    expect(waits).toEqual([MINUTE, 2 * MINUTE, HOUR])
  })

  test.each([0, 5 * MINUTE])('two programs that take the device from each other after %i ms: no fight', (openMs) => {
    // At once, then after a minute, two, four, … up to an hour, of which chance takes up to half.
    expect(loginsOfADay(440, openMs, () => 0.999).length).toBeLessThan(60)
  })

  test('a link that WhatsApp never got to know is forgotten; one that was logged in was removed', () => {
    expect(decideAt({ code: 401, hasLoggedIn: false })).toMatchObject({ next: 'connect', forget: true, waitMs: 0 })
    expect(decideAt({ code: 401, hasLoggedIn: true })).toMatchObject({ next: 'stop' })
  })

  test.each([408, 428, 503, undefined])(
    '%s, and no phone is linked: goes on while somebody looks, else rests',
    (code) => {
      const looked = (isCodeWanted: boolean) => decideAt({ code, linked: false, wasUnscanned: true, isCodeWanted })
      expect(looked(true)).toMatchObject({ next: 'connect' })
      expect(looked(false)).toMatchObject({ next: 'rest', state: 'WaitingForScan' })
    },
  )

  test('codes that ran out while somebody looks are no failure', () => {
    const ranOut = { code: 408, linked: false, wasUnscanned: true, isCodeWanted: true, history: after(20) }
    expect(decideAt(ranOut)).toMatchObject({ state: 'WaitingForScan', reason: 'NewCode' })
    expect(waitAfter(ranOut, 1)).toBe(SECOND)
  })

  test('a connection that held for a minute makes the next failure the first; a conflict is remembered for an hour', () => {
    const history = { failures: 5, restarts: 2, conflicts: 3 }
    expect(addEnding(history, 428, MINUTE)).toEqual({ failures: 1, restarts: 0, conflicts: 3 })
    expect(addEnding(history, 440, MINUTE)).toMatchObject({ conflicts: 4 })
    expect(addEnding(history, 440, HOUR)).toMatchObject({ conflicts: 1 })
  })

  test('whatever happens, the wait is bounded and the words are there', () => {
    const codes = fc.option(fc.integer({ min: 400, max: 600 }), { nil: undefined })
    const history = fc.record({
      failures: fc.integer({ min: 1, max: 1e6 }),
      restarts: fc.nat(9),
      conflicts: fc.nat(1e6),
    })
    const look = fc.record({
      linked: fc.boolean(),
      hasLoggedIn: fc.boolean(),
      wasOpen: fc.boolean(),
      wasUnscanned: fc.boolean(),
    })
    fc.assert(
      fc.property(codes, history, look, fc.boolean(), chance, (code, past, looks, isCodeWanted, chance) => {
        const decision = decideAt({ code, history: past, isCodeWanted, ...looks }, chance)
        expect(decision.reason).toMatch(/^[A-Z][A-Za-z0-9]{1,63}$/)
        expect(decision.message.length).toBeLessThan(1024)
        if (decision.next !== 'connect') return
        expect(decision.waitMs).toBeGreaterThanOrEqual(0)
        expect(decision.waitMs).toBeLessThanOrEqual(HOUR)
      }),
    )
  })
})
