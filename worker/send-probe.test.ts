import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FINE, type ProbeMemory, probe } from './send-probe.ts'

const SECOND = 1000
const out = (since: number | undefined, open = 1) => ({ unconfirmedSince: since, open, confirmed: false })

/** Looks each second; what is out goes again on each new connection. Answers when a new one was made. */
function play(seconds: number, confirmsAt: (second: number) => boolean): { restarts: number[]; memory: ProbeMemory } {
  let memory = FINE
  let since = 0
  const restarts: number[] = []
  for (let second = 0; second <= seconds; second++) {
    const now = second * SECOND
    const confirmed = confirmsAt(second)
    if (confirmed) since = now
    const decision = probe(memory, { ...out(since), confirmed }, now)
    memory = decision.memory
    if (!decision.restart) continue
    restarts.push(second)
    since = now
  }
  return { restarts, memory }
}

test('thirty seconds without a word, and the connection is made anew; then after twice as long each time', () => {
  expect(play(1000, () => false).restarts).toEqual([30, 90, 210, 450, 930])
  expect(play(1000, () => false).memory.degraded).toBe(true)
})

test('whatever is confirmed in time, nothing happens', () => {
  expect(play(1000, (second) => second % 29 === 0)).toEqual({ restarts: [], memory: FINE })
  expect(probe(FINE, out(undefined, 5), 1e9)).toEqual({ memory: FINE, restart: false })
})

test('one word, and it is fine; so it is when nothing is left to be sent', () => {
  const { memory } = probe(FINE, out(0), 30 * SECOND)
  expect(memory.degraded).toBe(true)
  expect(probe(memory, { ...out(0), confirmed: true }, 31 * SECOND).memory).toEqual(FINE)
  expect(probe(memory, out(undefined, 0), 31 * SECOND).memory).toEqual(FINE)
  // The new connection is not up yet: it is not known to be better.
  expect(probe(memory, out(undefined), 31 * SECOND).memory.degraded).toBe(true)
})

test('connections are made anew ever more seldom, and only while nothing is confirmed', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 2000 }), { maxLength: 20 }), (confirmations) => {
      const confirmed = new Set(confirmations)
      const { restarts } = play(2000, (second) => confirmed.has(second))
      for (const [i, at] of restarts.entries()) {
        const silentFrom = Math.max(0, ...confirmations.filter((second) => second <= at))
        expect(at - silentFrom).toBeGreaterThanOrEqual(30)
        const sinceThen = restarts.slice(0, i).filter((earlier) => earlier > silentFrom)
        if (sinceThen.length > 0)
          expect(at - sinceThen.at(-1)!).toBeGreaterThanOrEqual(60 * 2 ** (sinceThen.length - 1))
      }
    }),
  )
})
