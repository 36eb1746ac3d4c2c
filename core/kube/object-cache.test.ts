import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KubeObject } from '../model/meta.ts'
import { type Change, isNewer, ObjectCache } from './object-cache.ts'

const object = (name: string, uid: string, version: number): KubeObject => ({
  metadata: { name, uid, resourceVersion: String(version) },
})
const events = (changes: Change<KubeObject>[]) => changes.map((c) => `${c.event} ${c.object.metadata.uid}`)

describe('ObjectCache', () => {
  test('compares versions as numbers of any length', () => {
    expect(isNewer('10', '9')).toBe(true)
    expect(isNewer('90071992547409921', '90071992547409920')).toBe(true)
    expect(isNewer('9', '10')).toBe(false)
  })

  test('ignores what is older than what it knows', () => {
    const cache = new ObjectCache()
    cache.put(object('a', 'u1', 5))
    expect(cache.put(object('a', 'u1', 4))).toEqual([])
    expect(cache.put(object('a', 'u1', 5))).toEqual([])
    expect(cache.get('a')?.metadata.resourceVersion).toBe('5')
  })

  test('sees a re-created object as a deletion and an addition', () => {
    const cache = new ObjectCache()
    cache.put(object('a', 'u1', 5))
    expect(events(cache.put(object('a', 'u2', 9)))).toEqual(['deleted u1', 'added u2'])
  })

  test('a late answer to a write does not bring a deleted object back', () => {
    const cache = new ObjectCache()
    cache.put(object('a', 'u1', 5))
    cache.remove(object('a', 'u1', 8))
    expect(cache.put(object('a', 'u1', 7))).toEqual([])
    expect(cache.get('a')).toBeUndefined()
  })

  test('an object that left a selection and came back is taken in again', () => {
    const cache = new ObjectCache()
    cache.put(object('a', 'u1', 5))
    cache.remove(object('a', 'u1', 8))
    expect(events(cache.put(object('a', 'u1', 9)))).toEqual(['added u1'])
  })

  test('a deletion that is older than what is known is ignored: the object is back', () => {
    const cache = new ObjectCache()
    cache.put(object('a', 'u1', 12))
    expect(cache.remove(object('a', 'u1', 10))).toEqual([])
    expect(cache.get('a')).toBeDefined()
  })

  test('the deletion of its predecessor does not touch an object', () => {
    const cache = new ObjectCache()
    cache.put(object('a', 'u2', 12))
    expect(cache.remove(object('a', 'u1', 10))).toEqual([])
    expect(cache.get('a')?.metadata.uid).toBe('u2')
  })

  test('a list keeps what was written while it was read, and drops what is missing', () => {
    const cache = new ObjectCache()
    cache.put(object('old', 'u1', 5))
    const floor = cache.newestSeen
    cache.put(object('written', 'u2', 20))
    expect(events(cache.replaceAll([object('new', 'u3', 7)], '15', floor))).toEqual(['added u3', 'deleted u1'])
    expect(cache.values().map((o) => o.metadata.name)).toEqual(['written', 'new'])
  })

  test('a server whose data went back is believed', () => {
    const cache = new ObjectCache()
    cache.replaceAll([object('a', 'u1', 100), object('b', 'u2', 90)], '100', cache.newestSeen)
    const changes = cache.replaceAll([object('a', 'u1', 40)], '50', cache.newestSeen)
    expect(events(changes)).toEqual(['modified u1', 'deleted u2'])
    expect(cache.values().map((o) => o.metadata.resourceVersion)).toEqual(['40'])
    expect(cache.newestSeen).toBe('50')
  })

  test('a server whose data went back is believed when its versions have caught up, too', () => {
    const cache = new ObjectCache()
    const before = [object('older', 'u1', 100), object('same', 'u2', 30), object('rewritten', 'u3', 90)]
    cache.replaceAll([...before, object('deleted', 'u4', 80)], '100', cache.newestSeen)
    cache.remove(object('deleted', 'u4', 100))
    const rewritten = { ...object('rewritten', 'u3', 90), spec: { other: true } }
    const after = [object('older', 'u1', 40), object('same', 'u2', 30), rewritten, object('deleted', 'u4', 80)]
    const changes = cache.replaceAll(after, '101', cache.newestSeen)
    expect(events(changes)).toEqual(['modified u1', 'modified u3', 'added u4'])
    expect(cache.values()).toEqual(after)
    expect(cache.get('same')).toBe(before[1])
    expect(events(cache.put(object('deleted', 'u4', 102)))).toEqual(['modified u4'])
  })

  test('a list does not undo what was written while it was read', () => {
    const cache = new ObjectCache()
    cache.replaceAll([object('changed', 'u1', 5), object('deselected', 'u2', 6)], '6', cache.newestSeen)
    const floor = cache.newestSeen
    cache.put(object('changed', 'u1', 8))
    cache.remove(object('deselected', 'u2', 9))
    expect(cache.replaceAll([object('changed', 'u1', 5), object('deselected', 'u2', 6)], '7', floor)).toEqual([])
    expect(cache.values().map((o) => o.metadata.resourceVersion)).toEqual(['8'])
  })

  test('tombstones are forgotten after a minute', () => {
    let now = 0
    const cache = new ObjectCache(() => now)
    cache.remove(object('a', 'u1', 8))
    now = 61_000
    cache.remove(object('b', 'u2', 9))
    expect(events(cache.put(object('a', 'u1', 7)))).toEqual(['added u1'])
  })

  /** A server's life: each step creates, changes or deletes one of three objects. */
  const history = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 30, size: 'max' })
    .map((steps) => {
      const live = new Map<string, KubeObject>()
      return steps.map(([name, remove], index) => {
        const before = live.get(name)
        const next = object(name, before?.metadata.uid ?? `${name}${index}`, index + 1)
        const deleted = remove && before !== undefined
        if (deleted) live.delete(name)
        else live.set(name, next)
        return { object: next, deleted }
      })
    })

  test('ends where the server is, however late the answers to writes come, and never goes back', () => {
    const schedule = fc.array(fc.oneof(fc.constant('watch' as const), fc.nat()), { maxLength: 80, size: 'max' })
    fc.assert(
      fc.property(history, schedule, (steps, order) => {
        const cache = new ObjectCache()
        const reported = new Map<string, KubeObject>()
        const report = (changes: Change<KubeObject>[]) => {
          for (const { event, object } of changes) {
            const { name } = object.metadata
            expect(reported.has(name)).toBe(event !== 'added')
            if (event === 'deleted') reported.delete(name)
            else reported.set(name, object)
          }
        }
        let watched = 0
        const watchOne = () => {
          const step = steps[watched++]
          if (step) report(step.deleted ? cache.remove(step.object) : cache.put(step.object))
        }
        for (const what of order) {
          if (what === 'watch') watchOne()
          else {
            // The answer to a write may come before or long after the watch tells of it.
            const step = steps[what % Math.max(1, steps.length)]
            if (!step || step.deleted) continue
            report(cache.put(step.object))
            const known = cache.get(step.object.metadata.name)
            if (known?.metadata.uid === step.object.metadata.uid) {
              expect(Number(known?.metadata.resourceVersion)).toBeGreaterThanOrEqual(
                Number(step.object.metadata.resourceVersion),
              )
            }
          }
        }
        while (watched < steps.length) watchOne()
        const live = new Map<string, KubeObject>()
        for (const step of steps) {
          if (step.deleted) live.delete(step.object.metadata.name)
          else live.set(step.object.metadata.name, step.object)
        }
        expect(new Map(cache.values().map((o) => [o.metadata.name, o]))).toEqual(live)
        expect(reported).toEqual(live)
      }),
    )
  })
})
