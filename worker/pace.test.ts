import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chatFreeAt, nextOf, type Pace, sentUntil, sessionFreeAt, withSent } from './pace.ts'

const CHATS = ['ana', 'ben', 'cleo']
const paces = fc.record({
  perMinute: fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
  perMinuteToChat: fc.option(fc.integer({ min: 1, max: 600 }), { nil: undefined }),
})
const queues = fc.array(fc.constantFrom(...CHATS), { minLength: 1, maxLength: 40 })

/** Sends a whole queue, looking again when it is told to; answers when each went, by its place in the queue. */
function play(chats: string[], pace: Pace, randoms: number[]): { index: number; chat: string; at: number }[] {
  const waiting = chats.map((chat, index) => ({ chat, index, handedOver: false, notBefore: 0 }))
  const went: { index: number; chat: string; at: number }[] = []
  let now = 0
  let sent = sentUntil(now)
  while (waiting.length > 0) {
    const { next, lookAt } = nextOf(waiting, pace, sent, now)
    if (next) {
      sent = withSent(sent, pace, next.chat, now, randoms[went.length % randoms.length]!)
      went.push({ index: next.index, chat: next.chat, at: now })
      waiting.splice(waiting.indexOf(next), 1)
    } else {
      expect(lookAt).toBeGreaterThan(now) // or it would look for ever
      now = lookAt
    }
  }
  return went
}

const gapOf = (perMinute: number | undefined): number => (perMinute === undefined ? 0 : 60_000 / perMinute)

const mostInAMinute = (times: number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 60_000 - 0.001).length))

test('no minute has more than it may have, in all and to a chat; everybody gets their turn, in a chat in order', () => {
  fc.assert(
    fc.property(
      queues,
      paces,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }),
      (chats, pace, randoms) => {
        const went = play(chats, pace, randoms)
        expect(went).toHaveLength(chats.length)
        if (pace.perMinute !== undefined)
          expect(mostInAMinute(went.map(({ at }) => at))).toBeLessThanOrEqual(pace.perMinute)
        for (const chat of CHATS) {
          const own = went.filter((one) => one.chat === chat)
          if (pace.perMinuteToChat !== undefined) {
            expect(mostInAMinute(own.map(({ at }) => at))).toBeLessThanOrEqual(pace.perMinuteToChat)
          }
          expect(own.map(({ index }) => index)).toEqual(own.map(({ index }) => index).toSorted((a, b) => a - b))
        }
        // Nobody waits longer than all that is before them can take, each for its chat and then for the session.
        const gap = (gapOf(pace.perMinute) + gapOf(pace.perMinuteToChat)) * 1.3
        for (const { index, at } of went) expect(at).toBeLessThanOrEqual(gap * (index + 1) + 1)
      },
    ),
  )
})

test('a gap is as long as it must be, or a little longer', () => {
  fc.assert(
    fc.property(paces, fc.double({ min: 0, max: 1, noNaN: true }), (pace, random) => {
      const sent = withSent(sentUntil(0), pace, 'ana', 0, random)
      const isGap = (freeAt: number, least: number) => {
        expect(freeAt).toBeGreaterThanOrEqual(least)
        expect(freeAt).toBeLessThanOrEqual(least * 1.3 + 0.001)
      }
      if (pace.perMinute !== undefined) isGap(sessionFreeAt(sent, pace), gapOf(pace.perMinute))
      if (pace.perMinuteToChat !== undefined) isGap(chatFreeAt(sent, pace, 'ana'), gapOf(pace.perMinuteToChat))
    }),
  )
})

test('without a pace all go at once, in their order', () => {
  expect(play(['ana', 'ben', 'ana'], {}, [0.5])).toEqual([
    { index: 0, chat: 'ana', at: 0 },
    { index: 1, chat: 'ben', at: 0 },
    { index: 2, chat: 'ana', at: 0 },
  ])
})

test('a chat that can not go now does not keep others from going', () => {
  const waiting = [
    { chat: 'ana', handedOver: false, notBefore: 500 },
    { chat: 'ana', handedOver: false, notBefore: 0 },
    { chat: 'ben', handedOver: false, notBefore: 0 },
  ]
  expect(nextOf(waiting, {}, sentUntil(0), 10).next).toBe(waiting[2])
  expect(nextOf(waiting.slice(0, 2), {}, sentUntil(0), 10)).toEqual({ lookAt: 500, held: new Set(['ana']) })
})
