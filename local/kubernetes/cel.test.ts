import { expect, test } from 'vitest'
import { brokenRules, compile } from './cel.ts'
import type { Schema } from './schema.ts'

function broken(rule: string, value: unknown, schema: Schema = {}, old?: unknown): string[] {
  const checked: Schema = { ...schema, 'x-kubernetes-validations': [{ rule, message: 'no' }] }
  return brokenRules(value, old, checked, 'spec').map((cause) => cause.message)
}

const object: Schema = {
  type: 'object',
  properties: {
    count: { type: 'integer' },
    ratio: { type: 'number' },
    at: { type: 'string', format: 'date-time' },
    'dash-ed': { type: 'string' },
    namespace: { type: 'string' },
    word: { type: 'string' },
    port: { 'x-kubernetes-int-or-string': true },
    list: { type: 'array', items: { type: 'integer' } },
  },
}

test.each([
  ['self.count == 3 && self.count / 2 == 1', { count: 3 }],
  ['self.ratio < 0.6', { ratio: 0.5 }],
  ["self.at > timestamp('2026-01-01T00:00:00Z')", { at: '2026-06-01T00:00:00Z' }],
  ["self.dash__dash__ed == 'x' && self.__namespace__ == 'n'", { 'dash-ed': 'x', namespace: 'n' }],
  ['type(self.port) == int ? self.port == 80 : false', { port: 80 }],
  ['self.list.all(x, x > 0) && self.list.exists(x, x == 2) && size(self.list) == 2', { list: [1, 2] }],
  ['!has(self.count) || self.count in [1, 2]', {}],
  ["self.word.matches('^[a-z]+$') && self.word.startsWith('a')", { word: 'abc' }],
])('%s holds', (rule, value) => {
  expect(broken(rule, value, object)).toEqual([])
})

test('a rule about the change is asked only when there was something', () => {
  expect(broken('self == oldSelf', 'b', { type: 'string' })).toEqual([])
  expect(broken('self == oldSelf', 'b', { type: 'string' }, 'a')).toEqual(['Invalid value: "b": no'])
})

test('what did not change is not judged again', () => {
  expect(broken("self == 'x'", 'old', { type: 'string' }, 'old')).toEqual([])
  expect(broken("self == 'x'", 'new', { type: 'string' }, 'old')).toEqual(['Invalid value: "new": no'])
})

test('items of a keyed list are compared with the item of the same key', () => {
  const list: Schema = {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: {
      type: 'object',
      properties: { k: { type: 'string' }, n: { type: 'integer' } },
      'x-kubernetes-validations': [{ rule: 'self.n >= oldSelf.n', message: 'n never falls' }],
    },
  }
  const old = [
    { k: 'a', n: 5 },
    { k: 'b', n: 1 },
  ]
  expect(
    brokenRules(
      [
        { k: 'b', n: 2 },
        { k: 'a', n: 5 },
        { k: 'c', n: 0 },
      ],
      old,
      list,
      'spec.list',
    ),
  ).toEqual([])
  const fallen = brokenRules(
    [
      { k: 'b', n: 2 },
      { k: 'a', n: 4 },
    ],
    old,
    list,
    'spec.list',
  )
  expect(fallen).toEqual([
    { reason: 'FieldValueInvalid', message: 'Invalid value: n never falls', field: 'spec.list[1]' },
  ])
})

test('a rule that fails to run counts as broken, and says so', () => {
  expect(broken('self.missing == 1', {}, object)[0]).toContain('rule evaluation error')
})

test('what is not CEL does not compile', () => {
  expect(() => compile('self.(')).toThrow()
})
