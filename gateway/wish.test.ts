import { KubeError } from '@berth/core/kube/error.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import { describe, expect, test } from 'vitest'
import { conflictsOf, fieldErrorsOf, specToApply } from './wish.ts'

const ME = 'berth-gateway'

const existing = (managed?: object): WhatsAppSession => ({
  metadata: {
    name: 'acme.support',
    ...(managed && {
      managedFields: [
        { manager: 'berth-operator', operation: 'Apply', subresource: 'status', fieldsV1: { 'f:status': {} } },
        { manager: ME, operation: 'Apply', fieldsV1: { 'f:spec': managed } },
      ],
    }),
  },
  spec: { tenant: 'acme', provider: 'Baileys', desiredState: 'Running', linking: { method: 'QR', attempt: 2 } },
})

describe('specToApply', () => {
  test('a new session: the tenant and the wish', () => {
    expect(specToApply(undefined, { desiredState: 'Running', method: 'QR' }, 'acme', ME)).toEqual({
      tenant: 'acme',
      desiredState: 'Running',
      linking: { method: 'QR' },
    })
  })

  test('nothing to change: nothing to apply', () => {
    expect(specToApply(existing(), { desiredState: 'Running', method: 'QR' }, 'acme', ME)).toBeUndefined()
  })

  test("somebody else's session: only what changes is claimed", () => {
    expect(specToApply(existing(), { desiredState: 'Stopped', method: 'QR' }, 'acme', ME)).toEqual({
      desiredState: 'Stopped',
    })
  })

  test('what was applied before is kept, or it would be removed', () => {
    const managed = { 'f:tenant': {}, 'f:desiredState': {}, 'f:linking': { 'f:method': {}, 'f:attempt': {} } }
    expect(specToApply(existing(managed), { desiredState: 'Stopped' }, 'acme', ME)).toEqual({
      tenant: 'acme',
      desiredState: 'Stopped',
      linking: { method: 'QR', attempt: 2 },
    })
  })
})

describe('what Kubernetes says', () => {
  const answer = (status: number, causes: object[]) =>
    KubeError.fromAnswer('PATCH x', status, { kind: 'Status', message: 'no', details: { causes } })

  test('a conflict names field and manager', () => {
    const error = answer(409, [
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "helm" using berth.dev/v1alpha1',
        field: '.spec.desiredState',
      },
    ])
    expect(conflictsOf(error)).toBe('spec.desiredState is managed by "helm"')
  })

  test('another conflict is none of these', () => {
    expect(conflictsOf(answer(409, []))).toBeUndefined()
    expect(conflictsOf(new Error('x'))).toBeUndefined()
  })

  test('a refused field is named as the caller knows it', () => {
    const error = answer(422, [{ field: 'spec.linking.attempt', message: 'attempt only goes up' }])
    expect(fieldErrorsOf(error)).toEqual([{ field: 'body.linking.attempt', message: 'attempt only goes up' }])
  })
})
