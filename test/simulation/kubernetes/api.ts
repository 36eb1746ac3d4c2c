/**
 * The objects of a Kubernetes API, in memory: versions, preconditions, finalizers, generations, and the rules of our CRDs
 * that placement rests on. A write that changes nothing makes no new version, as in a real one.
 */

import { mergePatch } from '@berth/local/kubernetes/merge-patch.ts'
import { apply } from './apply.ts'
import type { KubeObject, Patch } from './object.ts'
import { alreadyExists, conflict, invalid, notFound } from './refusal.ts'
import { breaksRule } from './rules.ts'

export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  version: number
  plural: string
  object: KubeObject
  previous: KubeObject | undefined
  /** Whose request it was. */
  by: string
}

export interface Preconditions {
  uid?: string
  resourceVersion?: string
}

interface Content {
  version: number
  kinds: Map<string, Map<string, KubeObject>>
  /** Uid → field manager → what it applied last. */
  applied: Map<string, Map<string, object>>
}

/** So many changes can be watched from. */
const KEPT = 2_000

export class KubeApi {
  #content: Content = { version: 1_000, kinds: new Map(), applied: new Map() }
  #history: Change[] = []
  /** Watches can start from here on. */
  #floor = 1_000
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #newUid: () => string

  constructor(newUid: () => string) {
    this.#newUid = newUid
  }

  get version(): number {
    return this.#content.version
  }

  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What is stored; never to be changed. */
  list<T = KubeObject>(plural: string): T[] {
    return [...this.#kind(plural).values()] as T[]
  }

  find<T = KubeObject>(plural: string, name: string): T | undefined {
    return this.#kind(plural).get(name) as T | undefined
  }

  get(plural: string, name: string): KubeObject {
    const object = this.find(plural, name)
    if (!object) throw notFound(plural, name)
    return object
  }

  create(plural: string, sent: KubeObject, by: string): KubeObject {
    const { name } = sent.metadata
    if (this.find(plural, name)) throw alreadyExists(plural, name)
    const { status: _, ...content } = sent
    const metadata = {
      ...sent.metadata,
      namespace: 'default',
      uid: this.#newUid(),
      generation: 1,
      creationTimestamp: new Date().toISOString(),
    }
    return this.#store('ADDED', plural, { ...content, metadata } as KubeObject, undefined, by)
  }

  replace(plural: string, sent: KubeObject, by: string): KubeObject {
    const before = this.get(plural, sent.metadata.name)
    this.#check(before, plural, sent.metadata)
    return this.#update(plural, before, { ...sent, metadata: { ...sent.metadata, uid: before.metadata.uid } }, by)
  }

  /** `subresource`: only the status is taken from the patch; without it, all but the status. */
  patch(plural: string, name: string, patch: Patch, isStatus: boolean, by: string): KubeObject {
    const before = this.get(plural, name)
    this.#check(before, plural, patch.metadata ?? {})
    const { status, ...rest } = patch
    const { resourceVersion: _, uid: __, ...metadata } = rest.metadata ?? {}
    const after = mergePatch(before, isStatus ? { status } : { ...rest, metadata }) as KubeObject
    return this.#update(plural, before, after, by)
  }

  /** Server-side apply of a status: the manager's complete part, by force. */
  applyStatus(plural: string, name: string, patch: Patch, manager: string, by: string): KubeObject {
    const before = this.get(plural, name)
    this.#check(before, plural, patch.metadata ?? {})
    const uid = before.metadata.uid!
    const parts = new Map(this.#content.applied.get(uid)).set(manager, patch.status ?? {})
    const after = this.#update(plural, before, { ...before, status: apply([...parts.values()]) }, by)
    this.#content.applied.set(uid, parts)
    return after
  }

  /** With finalizers, or a pod that runs somewhere, it is only asked for. */
  delete(plural: string, name: string, conditions: Preconditions & { graceless?: boolean }, by: string): KubeObject {
    const before = this.get(plural, name)
    this.#check(before, plural, conditions)
    const waits = plural === 'pods' && before.spec?.nodeName && !conditions.graceless
    if (!waits && !before.metadata.finalizers?.length) return this.#remove(plural, before, by)
    if (before.metadata.deletionTimestamp) return before
    const metadata = { ...before.metadata, deletionTimestamp: new Date().toISOString() }
    return this.#update(plural, before, { ...before, metadata }, by)
  }

  /** The changes since a version; undefined: they are not known any more. */
  since(version: number): Change[] | undefined {
    return version < this.#floor ? undefined : this.#history.filter((change) => change.version > version)
  }

  /** Watches from before have to list again. */
  compact(): void {
    this.#history = []
    this.#floor = this.version
  }

  backup(): Content {
    const { version, kinds, applied } = this.#content
    return {
      version,
      kinds: new Map([...kinds].map(([plural, objects]) => [plural, new Map(objects)])),
      applied: new Map(applied),
    }
  }

  /** All is as it was at the time of the backup, the versions too. */
  restore(backup: Content): void {
    this.#content = backup
    this.compact()
  }

  #kind(plural: string): Map<string, KubeObject> {
    const { kinds } = this.#content
    const known = kinds.get(plural) ?? new Map<string, KubeObject>()
    kinds.set(plural, known)
    return known
  }

  #check({ metadata }: KubeObject, plural: string, { uid, resourceVersion }: Preconditions): void {
    const isOther = (uid && uid !== metadata.uid) || (resourceVersion && resourceVersion !== metadata.resourceVersion)
    if (isOther) throw conflict(plural, metadata.name)
  }

  #update(plural: string, before: KubeObject, sent: KubeObject, by: string): KubeObject {
    const hasNewSpec = JSON.stringify(sent.spec) !== JSON.stringify(before.spec)
    const isDeletion = sent.metadata.deletionTimestamp !== before.metadata.deletionTimestamp
    const generation = (before.metadata.generation ?? 1) + (hasNewSpec || isDeletion ? 1 : 0)
    const { resourceVersion } = before.metadata
    const after = { ...sent, metadata: { ...sent.metadata, generation, resourceVersion } }
    if (JSON.stringify(after) === JSON.stringify(before)) return before
    const broken = breaksRule(plural, after, before)
    if (broken) throw invalid(plural, before.metadata.name, broken)
    const isOver = after.metadata.deletionTimestamp && !after.metadata.finalizers?.length && plural !== 'pods'
    return isOver ? this.#remove(plural, after, by) : this.#store('MODIFIED', plural, after, before, by)
  }

  #remove(plural: string, object: KubeObject, by: string): KubeObject {
    const previous = this.find(plural, object.metadata.name)
    this.#kind(plural).delete(object.metadata.name)
    this.#content.applied.delete(object.metadata.uid!)
    return this.#store('DELETED', plural, object, previous, by)
  }

  #store(
    type: Change['type'],
    plural: string,
    object: KubeObject,
    previous: KubeObject | undefined,
    by: string,
  ): KubeObject {
    const version = ++this.#content.version
    const versioned = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    if (type !== 'DELETED') this.#kind(plural).set(object.metadata.name, versioned)
    const change: Change = { type, version, plural, object: versioned, previous, by }
    this.#history.push(change)
    if (this.#history.length > 2 * KEPT) {
      this.#floor = this.#history[KEPT - 1]!.version
      this.#history = this.#history.slice(KEPT)
    }
    for (const listener of this.#listeners) listener(change)
    return versioned
  }
}
