/** When a message may go out: not before a time, and not after another one. Pure. */
import { z } from 'zod'
import { Problem } from './problems/problem.ts'

export const MAX_AHEAD_DAYS = 30
const DAY_MS = 24 * 3600_000
const MAX_AHEAD_MS = MAX_AHEAD_DAYS * DAY_MS

const Time = (what: string) =>
  z.iso.datetime({ offset: true, error: 'Write a time as 2026-01-05T10:15:00Z' }).optional().describe(what)

/** Of every message. */
export const deadline = {
  expiresAt: Time('Handed over to WhatsApp before this time, or never: then it fails with the code `expired`'),
  ttlSeconds: z
    .int('Write a whole number of seconds')
    .min(1, 'Write at least 1 second')
    .max(MAX_AHEAD_MS / 1000, `Write at most ${MAX_AHEAD_MS / 1000} seconds`)
    .optional()
    .describe('In place of expiresAt: so many seconds after it was accepted, or after sendAt'),
}

/** Of messages that may be scheduled. */
export const timing = {
  ...deadline,
  sendAt: Time(
    `It is not sent before this time, at most ${MAX_AHEAD_DAYS} days ahead. Its status is \`scheduled\` until then, and it can be cancelled. A time that has passed: at once`,
  ),
}

export interface Times {
  sendAt?: string | undefined
  expiresAt?: string | undefined
  ttlSeconds?: number | undefined
}

export interface SendTimes {
  /** null: at once. */
  sendAt: Date | null
  /** null: it has no deadline. */
  expiresAt: Date | null
}

/** @param now Unix milliseconds. Throws Problem validation_failed. */
export function sendTimes({ sendAt, expiresAt, ttlSeconds }: Times, now: number): SendTimes {
  const at = sendAt === undefined ? now : Date.parse(sendAt)
  if (at > now + MAX_AHEAD_MS) throw invalid('sendAt', `Write a time within ${MAX_AHEAD_DAYS} days`)
  if (expiresAt !== undefined && ttlSeconds !== undefined) {
    throw invalid('ttlSeconds', 'Write either expiresAt or ttlSeconds')
  }
  const from = Math.max(at, now)
  const until = ttlSeconds === undefined ? expiresAt && Date.parse(expiresAt) : from + ttlSeconds * 1000
  if (typeof until === 'number' && until <= from)
    throw invalid('expiresAt', 'Write a time that comes after now and sendAt')
  return { sendAt: at > now ? new Date(at) : null, expiresAt: typeof until === 'number' ? new Date(until) : null }
}

const invalid = (field: string, message: string): Problem =>
  new Problem('validation_failed', { errors: [{ field: `body.${field}`, message }] })
