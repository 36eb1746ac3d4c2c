import { KubeError } from '@berth/core/kube/error.ts'
import { expect, test } from 'vitest'
import { CliError, explain, UsageError } from './error.ts'

const answer = (code: number, reason: string, message: string) =>
  KubeError.fromAnswer('PATCH /a/path', code, { kind: 'Status', code, reason, message })

test.each([
  [new CliError('Do this.'), 'Do this.'],
  [new UsageError('What?', 'keys list'), 'What? See npm run berth -- help keys list'],
  [new UsageError('What?'), 'What? See npm run berth -- help'],
  [
    answer(422, 'Invalid', 'Tenant "a" is invalid: spec.tier: Required value'),
    'Tenant "a" is invalid: spec.tier: Required value',
  ],
  [answer(404, 'NotFound', 'tenants.berth.dev "a" not found'), 'tenants.berth.dev "a" not found'],
  [answer(409, 'Conflict', 'the object has been modified'), 'the object has been modified'],
])('%s', (error, line) => {
  expect(explain(error)).toBe(line)
})

test('fields of another manager can be taken over', () => {
  const details = {
    causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "gitops"', field: '.spec.tier' }],
  }
  const body = { kind: 'Status', code: 409, reason: 'Conflict', message: 'conflict with "gitops"', details }
  const line = 'conflict with "gitops". To take the fields over: apply --force'
  expect(explain(KubeError.fromAnswer('PATCH /a/path', 409, body))).toBe(line)
})

test('a kind that the cluster does not serve is not an object that is missing', () => {
  expect(explain(KubeError.fromAnswer('GET /apis/x', 404, '404 page not found'))).toContain('CRDs installed?')
})

test('what nobody foresaw comes with its stack', () => {
  expect(explain(new RangeError('odd'))).toMatch(/^Unexpected: RangeError: odd\n +at /)
})
