import { MediaRefused } from '@berth/core/media/store.ts'
import { expect, it } from 'vitest'
import { MediaGone } from '../drivers/driver.ts'
import { afterFailure } from './outcome.ts'

const now = new Date('2026-01-05T10:15:00Z')
const after = (error: unknown, attempts = 0) => afterFailure(error, attempts, 16 * 1024 * 1024, now)

it('tries again after a wait that grows, and gives up some time', () => {
  const waits = Array.from({ length: 11 }, (_, attempts) => {
    const { status, nextAt } = after(new Error('no route'), attempts)
    expect(status).toBe('pending')
    return nextAt!.getTime() - now.getTime()
  })
  expect(waits[0]).toBeGreaterThanOrEqual(1000)
  expect(Math.max(...waits)).toBeLessThanOrEqual(600_000)
  expect(waits.reduce((sum, wait) => sum + wait)).toBeGreaterThan(20 * 60_000)
  expect(after(new Error('no route'), 11)).toMatchObject({ status: 'failed', errorCode: 'unreachable', attempts: 12 })
})

it('gives up at once what will never be', () => {
  expect(after(new MediaRefused('too_large', ''))).toMatchObject({ status: 'failed', errorCode: 'too_large' })
  expect(after(new MediaGone('410'))).toMatchObject({ status: 'failed', errorCode: 'gone' })
})

it('tries a damaged one some times', () => {
  expect(after(new MediaRefused('damaged', ''), 1).status).toBe('pending')
  expect(after(new MediaRefused('damaged', ''), 2)).toMatchObject({ status: 'failed', errorCode: 'damaged' })
})
