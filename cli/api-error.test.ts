import { BerthProblem, NoAnswer, type ProblemCode } from '@berth/client'
import { expect, test } from 'vitest'
import { apiError } from './api-error.ts'
import { CliError } from './error.ts'

const problem = (code: ProblemCode, more: object = {}) =>
  new BerthProblem({
    type: `/problems/${code}`,
    code,
    status: 409,
    title: 'It is not linked',
    remedy: 'GET something.',
    requestId: 'r1',
    ...more,
  })

const said = (error: unknown, about?: { tenant: string; session?: string }) => {
  const explained = apiError(error, 'http://gateway', about)
  expect(explained).toBeInstanceOf(CliError)
  return (explained as CliError).message
}

test('a problem of the API comes with what to type here, where there is such a command', () => {
  const about = { tenant: 'acme', session: 'acme.support' }
  expect(said(problem('session_not_linked', { detail: 'It waits.' }), about)).toBe(
    'It is not linked: It waits. See to it with: npm run berth -- sessions link acme.support [session_not_linked]',
  )
  expect(said(problem('tenant_suspended'), { tenant: 'acme' })).toContain('tenants resume acme')
  expect(said(problem('session_not_linked'), { tenant: 'acme' })).toContain('GET something.')
  expect(said(problem('rate_limited'), about)).toContain('GET something. [rate_limited]')
})

test('fields that are not right are named', () => {
  const errors = [{ field: 'body.to', message: 'Write a number' }]
  expect(said(problem('validation_failed', { errors }))).toContain(' body.to: Write a number. ')
})

test('a gateway that does not answer: where it was looked for, why, and how to name another', () => {
  const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
  expect(said(new NoAnswer('GET /', { cause: refused }))).toMatch(
    /^The gateway at http:\/\/gateway does not answer: connect ECONNREFUSED\. Is Berth running\?.*\$BERTH_GATEWAY/,
  )
  expect(said(new NoAnswer('Something other than Berth answered 502: oh', { status: 502 }))).toContain('answered 502')
})

test('what is not of the API stays what it is', () => {
  const mistake = new RangeError('ours')
  expect(apiError(mistake, 'http://gateway')).toBe(mistake)
})
