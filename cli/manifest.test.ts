import { expect, test } from 'vitest'
import { CliError } from './error.ts'
import { parseManifests } from './manifest.ts'

const object = (name: string) => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n`
const names = (text: string) => parseManifests(text, 'a.yaml').map(({ metadata }) => metadata.name)

test('several documents, empty ones and comments between them', () => {
  expect(names(`# a\n---\n${object('one')}---\n---\n# nothing\n---\n${object('two')}...\n`)).toEqual(['one', 'two'])
  expect(names('')).toEqual([])
})

test('JSON, and the items of a List', () => {
  const items = ['one', 'two'].map((name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name } }))
  expect(names(JSON.stringify(items[0]))).toEqual(['one'])
  expect(names(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))).toEqual(['one', 'two'])
})

test.each([
  [`${object('one')}---\nkind: Secret\n`, 'a.yaml, line 6: not a Kubernetes object: apiVersion is missing or wrong.'],
  ['apiVersion: v1\nkind: Secret\nmetadata: {}\n', 'metadata.name is missing or wrong'],
  [object('a/../b'), 'metadata.name is missing or wrong'],
  ['- a\n- b\n', 'not a Kubernetes object: the document is missing or wrong'],
  ['just words', 'not a Kubernetes object'],
  ['a: [1\nb: 2\n', 'a.yaml: '],
])('%j is refused, with its place', (text, message) => {
  expect(() => names(text)).toThrow(CliError)
  expect(() => names(text)).toThrow(message)
})
