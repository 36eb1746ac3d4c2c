import { describe, expect, test } from 'vitest'
import { decide, type Failure, failureOf } from './decide.ts'

const situation = { repeatable: true, tries: 1, now: 0, deadline: 10_000 }

describe('decide', () => {
  test.each(['not_mine', 'refused', 'nobody'] as const)('%s: was not carried out, so it is tried again', (failure) => {
    expect(decide({ ...situation, failure, repeatable: false }).action).toBe('wait')
  })

  test('lost: only what may be done twice is tried again', () => {
    expect(decide({ ...situation, failure: 'lost', repeatable: true }).action).toBe('wait')
    expect(decide({ ...situation, failure: 'lost', repeatable: false }).action).toBe('fail')
  })

  test('waits longer each time, up to a limit, and never past the deadline', () => {
    const pauses: number[] = []
    let now = 0
    for (let tries = 1; ; tries++) {
      const decision = decide({ ...situation, failure: 'nobody', tries, now })
      if (decision.action !== 'wait') {
        expect(decision.action).toBe('give_up')
        break
      }
      pauses.push(decision.ms)
      now += decision.ms
    }
    expect(pauses.slice(0, 6)).toEqual([25, 50, 100, 200, 400, 400])
    expect(now).toBeLessThan(10_000)
    expect(now).toBeGreaterThan(9000)
  })
})

describe('failureOf', () => {
  const withCode = (code: string) => Object.assign(new Error(code), { code })
  const cases: [string, unknown, Failure][] = [
    ['a refused connection', withCode('ECONNREFUSED'), 'refused'],
    ['a connection that was never made', withCode('UND_ERR_CONNECT_TIMEOUT'), 'refused'],
    ['a broken connection', withCode('UND_ERR_SOCKET'), 'lost'],
    ['no answer in time', withCode('UND_ERR_HEADERS_TIMEOUT'), 'lost'],
    ['an answer that is no JSON', new SyntaxError('Unexpected token'), 'lost'],
    ['all addresses refused', new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]), 'refused'],
    ['one address broke', new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNRESET')]), 'lost'],
  ]
  test.each(cases)('%s', (_what, error, failure) => expect(failureOf(error)).toBe(failure))
})
