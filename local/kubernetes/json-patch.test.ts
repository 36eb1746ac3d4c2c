import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'

// The examples of RFC 6902, appendix A.
test.each([
  [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
  [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'qux' }], { foo: ['bar', 'qux', 'baz'] }],
  [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  [{ foo: ['bar', 'qux', 'baz'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['bar', 'baz'] }],
  [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
  [{ a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
  [{ foo: ['a', 'b', 'c'] }, [{ op: 'move', from: '/foo/0', path: '/foo/2' }], { foo: ['b', 'c', 'a'] }],
  [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['x'] }], { foo: ['bar', ['x']] }],
  [{ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
])('%j with %j', (document, operations, expected) => {
  expect(jsonPatch(document, operations)).toEqual(expected)
})

test.each([
  [[{ op: 'test', path: '/a', value: 2 }]],
  [[{ op: 'remove', path: '/b' }]],
  [[{ op: 'add', path: '/b/c', value: 1 }]],
  [[{ op: 'add', path: '/list/9', value: 1 }]],
  [[{ op: 'replace', path: '/list/01', value: 1 }]],
  [[{ op: 'jump', path: '/a' }]],
  [[{ op: 'add', path: 'a', value: 1 }]],
])('%j is refused and leaves the document alone', (operations) => {
  const document = { a: 1, list: [1] }
  expect(() => jsonPatch(document, operations)).toThrow('the server rejected our request')
  expect(document).toEqual({ a: 1, list: [1] })
})

test('a merge patch is done when it is done once', () => {
  const json = fc.object({
    maxDepth: 3,
    withNullPrototype: false,
    values: [fc.integer(), fc.string(), fc.constant(null)],
  })
  fc.assert(
    fc.property(json, json, (target, patch) => {
      const once = mergePatch(target, patch)
      expect(mergePatch(once, patch)).toEqual(once)
    }),
  )
})

test('null removes, records join, everything else replaces', () => {
  const target = { a: 1, b: { c: 2, d: 3 }, e: [1, 2] }
  expect(mergePatch(target, { a: null, b: { c: 4, n: {} }, e: [3] })).toEqual({ b: { c: 4, d: 3, n: {} }, e: [3] })
})
