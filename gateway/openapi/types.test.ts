import { expect, test } from 'vitest'
import type { Schema } from './document.ts'
import { comment, declarationOf, typeOf } from './types.ts'

const text: Schema = { type: 'string' }
const thing: Schema = { $ref: '#/components/schemas/Thing' }

test.each<[Schema, string]>([
  [text, 'string'],
  [{ type: 'integer' }, 'number'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ enum: ['a', "b'c", 1] }, "'a' | 'b\\'c' | 1"],
  [{ type: 'array', items: { enum: ['a', 'b'] } }, "('a' | 'b')[]"],
  [{ type: 'string', const: 'a' }, "'a'"],
  [{ type: 'object', additionalProperties: {} }, 'Record<string, unknown>'],
  [{ type: 'object', additionalProperties: text }, 'Record<string, string>'],
  [thing, 'Thing'],
  [{ allOf: [thing, { type: 'object', properties: { a: text } }] }, '(Thing) & ({\na?: string\n})'],
  [{ anyOf: [thing, { type: 'null' }] }, 'Thing | null'],
  [{ type: 'object', properties: { 'a-b': text, c: text }, required: ['c'] }, "{\n'a-b'?: string\nc: string\n}"],
  [{ type: 'object', properties: { data: { type: 'array', items: thing }, nextCursor: text } }, 'Page<Thing>'],
])('%j is %s', (schema, type) => expect(typeOf(schema)).toBe(type))

test('a schema without a type is refused, not waved through', () => {
  expect(() => typeOf({})).toThrow('no type')
  expect(() => typeOf({ type: 'file' })).toThrow('no type')
})

test('objects become interfaces, everything else a type', () => {
  expect(declarationOf('Thing', { description: 'One', properties: { a: text } })).toBe(
    '/** One */\nexport interface Thing {\na?: string\n}\n',
  )
  expect(declarationOf('State', { enum: ['on', 'off'] })).toBe("export type State = 'on' | 'off'\n")
})

test('comments are wrapped, and can not be ended from inside', () => {
  expect(comment('a */ b')).toBe('/** a *\\/ b */\n')
  expect(comment(`- ${'word '.repeat(30)}`)).toBe(
    `/**\n * - ${'word '.repeat(22).trim()}\n *   ${'word '.repeat(8).trim()}\n */\n`,
  )
})
