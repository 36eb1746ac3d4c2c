import { EventKind, PodKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import { expect, test } from 'vitest'
import { UsageError } from './error.ts'
import { onlyArgument, targetsOf } from './target.ts'

const targets = (line: string) =>
  targetsOf(line.split(' ').filter(Boolean), 'get').map(({ kind, names }) => [kind.kind, ...names])

test('a kind has many names', () => {
  for (const name of [
    'whatsappsessions',
    'wa',
    'sessions',
    'session',
    'WhatsAppSession',
    'whatsappsession.berth.dev',
  ]) {
    expect(targets(name)).toEqual([[SessionKind]])
  }
  expect(targets('ten')).toEqual([[TenantKind]])
  expect(targets('po')).toEqual([[PodKind]])
  expect(targets('events')).toEqual([[EventKind]])
})

test('several kinds, several names', () => {
  expect(targets('all')).toEqual([[TierKind], [TenantKind], [SessionKind], [WorkerKind]])
  expect(targets('berth')).toEqual(targets('all'))
  expect(targets('ten,wkr')).toEqual([[TenantKind], [WorkerKind]])
  expect(targets('wa one acme.two')).toEqual([[SessionKind, 'one', 'acme.two']])
  expect(targets('wa/one ten/acme')).toEqual([
    [SessionKind, 'one'],
    [TenantKind, 'acme'],
  ])
})

test.each([
  '',
  'foo',
  'berth.dev',
  'all demo',
  'ten,wa demo',
  'wa/',
  '/demo',
  'wa/a/b',
  'all/demo',
  'wa ..',
  'wa a?b',
  'wa/one two',
])('"%s" is not understood', (line) => {
  expect(() => targets(line)).toThrow(UsageError)
})

test('an argument that must be the only one', () => {
  expect(onlyArgument(['demo'], 'tenant', 'keys list')).toBe('demo')
  expect(() => onlyArgument([], 'tenant', 'keys list')).toThrow('Which tenant?')
  expect(() => onlyArgument(['a', 'b'], 'tenant', 'keys list')).toThrow('One tenant, not 2.')
})
