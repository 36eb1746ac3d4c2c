import { expect, test } from 'vitest'
import { schemaOf } from './builtin/schemas.ts'
import { strategicMerge } from './strategic-merge.ts'

const schema = schemaOf('io.k8s.api.core.v1.Pod')

const pod = {
  metadata: { finalizers: ['a', 'b'], labels: { x: '1' } },
  spec: { containers: [{ name: 'a', image: '1', args: ['x'] }, { name: 'b' }], tolerations: [{ key: 'k' }] },
}

test.each([
  [
    'items join by their key',
    { spec: { containers: [{ name: 'a', image: '2' }] } },
    'spec.containers',
    [{ name: 'a', image: '2', args: ['x'] }, { name: 'b' }],
  ],
  [
    'an item can be deleted',
    { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
    'spec.containers',
    [{ name: 'b' }],
  ],
  [
    'a list can be replaced',
    { spec: { containers: [{ $patch: 'replace' }, { name: 'c' }] } },
    'spec.containers',
    [{ name: 'c' }],
  ],
  ['a list without a key is replaced', { spec: { tolerations: [{ key: 'n' }] } }, 'spec.tolerations', [{ key: 'n' }]],
  ['values join a merged list once', { metadata: { finalizers: ['b', 'c'] } }, 'metadata.finalizers', ['a', 'b', 'c']],
  [
    'values can be taken away',
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    'metadata.finalizers',
    ['b'],
  ],
  ['null removes', { metadata: { labels: { x: null, y: '2' } } }, 'metadata.labels', { y: '2' }],
  ['a record can be replaced', { metadata: { labels: { $patch: 'replace', z: '3' } } }, 'metadata.labels', { z: '3' }],
  [
    'the order of items can be given',
    { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } },
    'spec.containers',
    [{ name: 'b' }, { name: 'a', image: '1', args: ['x'] }],
  ],
])('%s', (_title, patch, path, expected) => {
  const before = structuredClone(pod)
  const [first, second] = path.split('.') as [string, string]
  const patched = strategicMerge(pod, patch, schema) as Record<string, Record<string, unknown>>
  expect(patched[first]![second]).toEqual(expected)
  expect(pod).toEqual(before)
})
