import { expect, test } from 'vitest'
import { PodKind, WorkerKind } from '../model/kind.ts'
import { ALL_NAMESPACES, collectionPath, objectPath } from './path.ts'

test('paths of the core group and of others', () => {
  expect(collectionPath(PodKind, 'n')).toBe('/api/v1/namespaces/n/pods')
  expect(collectionPath(WorkerKind, ALL_NAMESPACES)).toBe('/apis/berth.dev/v1alpha1/workers')
  expect(objectPath(WorkerKind, 'n', 'w', 'status')).toBe('/apis/berth.dev/v1alpha1/namespaces/n/workers/w/status')
})

test.each(['', '.', '..', 'a/b', 'a?b', '%2e%2e', 'a b'])('%j is no name', (name) => {
  expect(() => objectPath(PodKind, 'n', name)).toThrow(TypeError)
  expect(() => objectPath(PodKind, name, 'p')).toThrow(TypeError)
})
