import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KubeObject } from './object.ts'
import { fieldMatcher, labelMatcher } from './selectors.ts'

function labelled(labels: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x', labels } }
}

test.each([
  ['a=1', { a: '1' }, true],
  ['a==1', { a: '2' }, false],
  ['a!=1', {}, true],
  ['a in (1, 2),b', { a: '2', b: '' }, true],
  ['a notin (1)', {}, true],
  ['!a', { a: '' }, false],
  ['app.io/a=1', { 'app.io/a': '1' }, true],
  ['n>5', { n: '6' }, true],
  ['n<5', { n: '6' }, false],
  ['a=', { a: '' }, true],
  ['', {}, true],
])('%s of %j is %s', (selector, labels, expected) => {
  expect(labelMatcher(selector)(labelled(labels as Record<string, string>))).toBe(expected)
})

test.each(['a in (', 'a b', '=1', 'a in 1'])('%s is refused', (selector) => {
  expect(() => labelMatcher(selector)).toThrow('unable to parse requirement')
})

test('in and notin are opposites, and = is in with one value', () => {
  const value = fc.constantFrom('1', '2', '3')
  const labels = fc.record({ a: value, b: value }, { requiredKeys: [] })
  fc.assert(
    fc.property(labels, fc.array(value, { minLength: 1 }), value, (have, values, one) => {
      const object = labelled(have)
      const list = values.join(',')
      expect(labelMatcher(`a in (${list})`)(object)).toBe(!labelMatcher(`a notin (${list})`)(object))
      expect(labelMatcher(`a=${one}`)(object)).toBe(labelMatcher(`a in (${one})`)(object))
    }),
  )
})

test('only selectable fields can be asked for, and an absent one is empty', () => {
  const object = { ...labelled({}), spec: { node: 'n', count: 3 } }
  const selectable = ['spec.node', 'spec.count', 'spec.none']
  expect(fieldMatcher('spec.node=n,spec.count=3,spec.none=', selectable)(object)).toBe(true)
  expect(fieldMatcher('spec.node!=n', selectable)(object)).toBe(false)
  expect(() => fieldMatcher('spec.other=1', selectable)).toThrow('field label not supported: spec.other')
})
