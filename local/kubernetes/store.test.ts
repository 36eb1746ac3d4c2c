import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { expireEvents } from './event-expiry.ts'
import { type Change, EVERYTHING, History } from './history.ts'
import type { KubeObject } from './object.ts'
import { Store } from './store.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-store-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function open(): Store {
  return new Store(join(folder, 'kubernetes.db'))
}

function map(name: string, namespace = 'default'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, uid: name } }
}

test('versions grow over all resources and go on after a restart', () => {
  const first = open()
  const a = first.put('maps', map('a'))
  const b = first.put('others', map('b'))
  const removed = first.remove('maps', a)
  const versions = [a, b, removed].map((object) => Number(object.metadata.resourceVersion))
  expect(versions).toEqual([versions[0]!, versions[0]! + 1, versions[0]! + 2])
  first.close()
  const second = open()
  expect(second.version).toBe(versions[2])
  expect(second.list('maps')).toEqual([])
  expect(second.get('others', 'default', 'b')).toEqual(b)
  expect(Number(second.put('maps', map('c')).metadata.resourceVersion)).toBe(versions[2]! + 1)
  second.close()
})

test('lists are in the order of namespace and name, or of one namespace', () => {
  const store = open()
  for (const [name, namespace] of [
    ['b', 'n2'],
    ['c', 'n1'],
    ['a', 'n2'],
    ['d', 'n1x'],
  ] as const) {
    store.put('maps', map(name, namespace))
  }
  const names = (objects: KubeObject[]) => objects.map((object) => object.metadata.name)
  expect(names(store.list('maps', 'n2'))).toEqual(['a', 'b'])
  expect(names(store.list('maps', 'n1'))).toEqual(['c'])
  store.put('maps', map('aa', 'n2'))
  expect(names(store.list('maps', 'n2'))).toEqual(['a', 'aa', 'b'])
  store.close()
})

test('a listener hears of a change after it is stored, with what was there before', () => {
  const store = open()
  const heard: Change[] = []
  store.history.subscribe('maps', (change) => {
    if (change.type !== 'DELETED') expect(store.get('maps', 'default', 'a')).toBe(change.object)
    heard.push(change)
  })
  const a = store.put('maps', map('a'))
  store.put('others', map('b'))
  const changed = store.put('maps', { ...a, data: {} })
  store.remove('maps', changed)
  expect(heard.map(({ type, previous }) => [type, previous])).toEqual([
    ['ADDED', undefined],
    ['MODIFIED', a],
    ['DELETED', changed],
  ])
  store.close()
})

test('the history keeps the last changes and refuses older and future starts', () => {
  const history = new History(100, 10)
  let all = 0
  history.subscribe(EVERYTHING, () => all++)
  for (let version = 101; version <= 130; version++) {
    history.add({ type: 'ADDED', version, resource: 'maps', object: map(String(version)) })
  }
  expect(all).toBe(30)
  expect(() => history.check(101, 130)).toThrow('too old resource version: 101')
  expect(() => history.check(131, 130)).toThrow('Too large resource version: 131')
  history.check(125, 130)
  expect(history.since(125, 'maps').map((change) => change.version)).toEqual([126, 127, 128, 129, 130])
  expect(history.since(125, 'others')).toEqual([])
})

test('a second server on the same file is refused', () => {
  const store = open()
  expect(() => open()).toThrow('is another server running on it?')
  store.close()
  open().close()
})

test('events go an hour after they were last seen', () => {
  const store = open()
  const hour = 60 * 60 * 1000
  const now = Date.parse('2026-01-01T12:00:00Z')
  const event = (name: string, created: string, lastTimestamp?: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default', creationTimestamp: created },
    ...(lastTimestamp ? { lastTimestamp } : {}),
  })
  store.put('events', event('old', '2026-01-01T10:30:00Z'))
  store.put('events', event('seen', '2026-01-01T10:30:00Z', '2026-01-01T11:30:00Z'))
  store.put('events', event('new', '2026-01-01T11:59:00Z'))
  expireEvents(store, now)
  expect(store.list('events').map((object) => object.metadata.name)).toEqual(['new', 'seen'])
  expireEvents(store, now + hour)
  expect(store.list('events')).toEqual([])
  store.close()
})
