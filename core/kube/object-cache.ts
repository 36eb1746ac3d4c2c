/**
 * The objects of one kind as last heard, from lists, watches and the answers to our own writes, in whatever order these
 * arrive. Resource versions decide: what is older than what we know, a deletion included, is ignored. Only a list is believed
 * in all that it could know.
 */
import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../model/meta.ts'

export interface Change<T> {
  event: 'added' | 'modified' | 'deleted'
  object: T
  /** What the object was before; its last known state when it was deleted. */
  previous?: T
}

interface Tombstone {
  resourceVersion: string
  at: number
}

/** Longer than a request may take: its late answer must not bring a deleted object back. */
const TOMBSTONE_MS = 60_000
const MAX_TOMBSTONES = 10_000

/** Numeric within a kind. Anything else counts as newer: it was heard later. */
export const isNewer = (version: string, than: string): boolean => {
  if (!/^\d+$/.test(version) || !/^\d+$/.test(than)) return version !== than
  return BigInt(version) > BigInt(than)
}

export const cacheKey = (name: string, namespace?: string): string => (namespace ? `${namespace}/${name}` : name)

const keyOf = (object: KubeObject): string => cacheKey(object.metadata.name, object.metadata.namespace)
const versionOf = (object: KubeObject): string => object.metadata.resourceVersion ?? ''

export class ObjectCache<T extends KubeObject> {
  readonly #objects = new Map<string, T>()
  /** By uid: an object of the same name that is created later is another one. */
  readonly #tombstones = new Map<string, Tombstone>()
  readonly #now: () => number
  #newestSeen = '0'

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  values(): T[] {
    return [...this.#objects.values()]
  }

  /** The newest resource version that was ever seen here; a list started now must be at least as new. */
  get newestSeen(): string {
    return this.#newestSeen
  }

  /** Takes in a state of an object. A change of uid is a deletion and an addition. */
  put(object: T): Change<T>[] {
    const before = this.#objects.get(keyOf(object))
    this.#see(versionOf(object))
    if (before && !isNewer(versionOf(object), versionOf(before))) return []
    if (this.#wasRemoved(object)) return []
    return this.#set(object, versionOf(object))
  }

  /** Takes in that an object is gone, or no longer belongs here, since the resource version that it carries. */
  remove(object: T): Change<T>[] {
    const version = versionOf(object)
    this.#see(version)
    const before = this.#objects.get(keyOf(object))
    const known = before?.metadata.uid === object.metadata.uid
    if (before && known && isNewer(versionOf(before), version)) return []
    this.#bury(object, version)
    if (!before || !known) return []
    this.#objects.delete(keyOf(object))
    return [{ event: 'deleted', object, previous: before }]
  }

  /**
   * Takes in a complete list, which is right in all that is not newer than itself, whatever was heard before: a server that
   * was restored from a backup tells of older objects, and of such as were gone, and gives out its versions once more. What
   * is newer is the answer to a write of ours while the list was read; unless the whole list is older than `floor`, which is
   * `newestSeen` from before it was asked for: then the server went back, and nothing else counts.
   */
  replaceAll(items: T[], listVersion: string, floor: string): Change<T>[] {
    const wentBack = isNewer(floor, listVersion)
    if (wentBack) {
      this.#tombstones.clear()
      this.#newestSeen = listVersion
    }
    const isLater = (version: string) => !wentBack && isNewer(version, listVersion)
    const listed = new Set(items.map(keyOf))
    const changes = items.flatMap((item) => this.#takeFromList(item, listVersion, isLater))
    for (const [key, object] of this.#objects) {
      if (listed.has(key) || isLater(versionOf(object))) continue
      this.#objects.delete(key)
      this.#bury(object, listVersion)
      changes.push({ event: 'deleted', object, previous: object })
    }
    this.#see(listVersion)
    return changes
  }

  #takeFromList(item: T, listVersion: string, isLater: (version: string) => boolean): Change<T>[] {
    const { uid = '' } = item.metadata
    const before = this.#objects.get(keyOf(item))
    const tombstone = this.#tombstones.get(uid)
    if ((before && isLater(versionOf(before))) || (tombstone && isLater(tombstone.resourceVersion))) return []
    // The same object stays where nothing has changed: others know by that.
    if (before && isDeepStrictEqual(before, item)) return []
    this.#tombstones.delete(uid)
    return this.#set(item, listVersion)
  }

  #set(object: T, version: string): Change<T>[] {
    const key = keyOf(object)
    const before = this.#objects.get(key)
    this.#objects.set(key, object)
    if (!before) return [{ event: 'added', object }]
    if (before.metadata.uid === object.metadata.uid) return [{ event: 'modified', object, previous: before }]
    this.#bury(before, version)
    return [
      { event: 'deleted', object: before, previous: before },
      { event: 'added', object },
    ]
  }

  #see(version: string): void {
    if (isNewer(version, this.#newestSeen)) this.#newestSeen = version
  }

  #wasRemoved(object: T): boolean {
    const tombstone = this.#tombstones.get(object.metadata.uid ?? '')
    return tombstone !== undefined && !isNewer(versionOf(object), tombstone.resourceVersion)
  }

  #bury(object: T, resourceVersion: string): void {
    const uid = object.metadata.uid ?? ''
    const before = this.#tombstones.get(uid)
    if (before && !isNewer(resourceVersion, before.resourceVersion)) return
    this.#tombstones.delete(uid)
    this.#tombstones.set(uid, { resourceVersion, at: this.#now() })
    for (const [oldest, { at }] of this.#tombstones) {
      if (this.#tombstones.size <= MAX_TOMBSTONES && this.#now() - at < TOMBSTONE_MS) return
      this.#tombstones.delete(oldest)
    }
  }
}
