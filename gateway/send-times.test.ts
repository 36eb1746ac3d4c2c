import { expect, test } from 'vitest'
import { Problem } from './problems/problem.ts'
import { MAX_AHEAD_DAYS, sendTimes, type Times } from './send-times.ts'

const NOW = Date.parse('2026-01-05T10:00:00Z')
const inMinutes = (minutes: number): Date => new Date(NOW + minutes * 60_000)

test.each<[string, Times, ReturnType<typeof sendTimes>]>([
  ['nothing said', {}, { sendAt: null, expiresAt: null }],
  ['a time to come', { sendAt: inMinutes(5).toISOString() }, { sendAt: inMinutes(5), expiresAt: null }],
  ['a time of another zone', { sendAt: '2026-01-05T12:05:00+02:00' }, { sendAt: inMinutes(5), expiresAt: null }],
  ['a time that has passed: at once', { sendAt: inMinutes(-5).toISOString() }, { sendAt: null, expiresAt: null }],
  ['a deadline', { expiresAt: inMinutes(9).toISOString() }, { sendAt: null, expiresAt: inMinutes(9) }],
  ['a life from now on', { ttlSeconds: 60 }, { sendAt: null, expiresAt: inMinutes(1) }],
  [
    'a life from its time on',
    { sendAt: inMinutes(5).toISOString(), ttlSeconds: 60 },
    { sendAt: inMinutes(5), expiresAt: inMinutes(6) },
  ],
])('%s', (_, times, wanted) => {
  expect(sendTimes(times, NOW)).toEqual(wanted)
})

test.each<[string, Times, string]>([
  ['too far ahead', { sendAt: inMinutes(MAX_AHEAD_DAYS * 24 * 60 + 1).toISOString() }, 'body.sendAt'],
  ['a deadline that has passed', { expiresAt: inMinutes(-1).toISOString() }, 'body.expiresAt'],
  [
    'a deadline before its time',
    { sendAt: inMinutes(5).toISOString(), expiresAt: inMinutes(5).toISOString() },
    'body.expiresAt',
  ],
  ['two deadlines', { expiresAt: inMinutes(5).toISOString(), ttlSeconds: 5 }, 'body.ttlSeconds'],
])('is refused: %s', (_, times, field) => {
  const refused = (() => {
    try {
      return sendTimes(times, NOW)
    } catch (error) {
      return error
    }
  })()
  expect(refused).toBeInstanceOf(Problem)
  expect((refused as Problem).details.errors).toMatchObject([{ field }])
})
