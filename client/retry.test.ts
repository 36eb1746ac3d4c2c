import { describe, expect, test } from 'vitest'
import { pauseBefore } from './retry.ts'

const failure = { repeatable: true, status: 503 as number | undefined, retryAfter: undefined, tries: 1 }
const pause = (change: Partial<Parameters<typeof pauseBefore>[0]>, random = 0) =>
  pauseBefore({ ...failure, ...change }, random)

describe('what may be repeated', () => {
  test.each([undefined, 429, 502, 503, 504])('is tried again after %s', (status) => {
    expect(pause({ status })).toBeGreaterThan(0)
  })
  test.each([400, 401, 404, 409, 422, 500])('is not tried again after %s', (status) => {
    expect(pause({ status })).toBeUndefined()
  })
})

describe('what may not be repeated', () => {
  test('is tried again when it was certainly not carried out', () => {
    expect(pause({ repeatable: false, status: 429 })).toBeGreaterThan(0)
  })
  test.each([undefined, 502, 503, 504])('is not tried again after %s', (status) => {
    expect(pause({ repeatable: false, status })).toBeUndefined()
  })
})

describe('the pause', () => {
  test('is what the answer says, unless that is long', () => {
    expect(pause({ retryAfter: 2 })).toBe(2000)
    expect(pause({ retryAfter: 0 })).toBe(0)
    expect(pause({ retryAfter: 31 })).toBeUndefined()
  })
  test('doubles, up to a limit, and is never the same for all', () => {
    expect([1, 2, 3, 10].map((tries) => pause({ tries }, 1))).toEqual([200, 400, 800, 5000])
    expect(pause({ tries: 1 }, 0)).toBe(100)
  })
})
