/**
 * The collector: deletes what nobody owns any more, the contents of namespaces that are going, and the objects of CRDs
 * that are going. It works after the change that caused the work is answered, as the controllers of a cluster do.
 *
 * Everything it does follows from what is stored, so it starts with a look at all of it: work that a crash interrupted
 * is found again.
 */
import { CRDS, NAMESPACES } from './builtins.ts'
import { CRD_CLEANUP, FOREGROUND, markDeleted, ORPHAN } from './deletion.ts'
import { type Change, EVERYTHING } from './history.ts'
import type { KubeObject } from './object.ts'
import type { Registry } from './registry.ts'
import { type Resource, storageKey } from './resource.ts'
import type { Store } from './store.ts'

const NAMESPACES_KEY = storageKey(NAMESPACES)
const CRDS_KEY = storageKey(CRDS)
const BACKGROUND = { dryRun: false }

/** Where an object is stored. */
interface Place {
  resource: string
  namespace: string | undefined
  name: string
}

export class Collector {
  readonly #store: Store
  readonly #registry: Registry
  /** uids of everything that is stored. */
  readonly #uids = new Set<string>()
  /** By the owner's uid: who names it as an owner. */
  readonly #dependents = new Map<string, Map<string, Place>>()
  /** Objects to look at, by place: many changes of one object are one look. */
  readonly #queue = new Map<string, Place>()
  #scheduled: NodeJS.Immediate | undefined
  readonly #unsubscribe: () => void

  constructor(store: Store, registry: Registry) {
    this.#store = store
    this.#registry = registry
    for (const [resource, object] of store.all()) this.#learn(resource, object)
    for (const [resource, object] of store.all()) this.#look(placeOf(resource, object))
    this.#unsubscribe = store.history.subscribe(EVERYTHING, (change) => this.#follow(change))
  }

  close(): void {
    this.#unsubscribe()
    if (this.#scheduled) clearImmediate(this.#scheduled)
  }

  #follow(change: Change): void {
    const { resource, object, previous } = change
    if (previous) this.#forget(resource, previous)
    if (change.type === 'DELETED') this.#followRemoval(resource, object)
    else {
      this.#learn(resource, object)
      this.#look(placeOf(resource, object))
    }
  }

  #followRemoval(resource: string, object: KubeObject): void {
    for (const place of this.#dependents.get(object.metadata.uid!)?.values() ?? []) this.#look(place)
    // The last object of a namespace or of a CRD, or the last dependent of a foreground deletion, may have gone.
    const { namespace, ownerReferences } = object.metadata
    if (namespace) this.#look({ resource: NAMESPACES_KEY, namespace: undefined, name: namespace })
    this.#look({ resource: CRDS_KEY, namespace: undefined, name: resource })
    for (const owner of ownerReferences ?? []) {
      const place = this.#placeOfOwner(owner, namespace)
      if (place) this.#look(place)
    }
  }

  #placeOfOwner(owner: { apiVersion: string; kind: string; name: string }, namespace?: string): Place | undefined {
    const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : ''
    const resource = this.#registry.all.find((r) => r.group === group && r.kind === owner.kind)
    if (!resource) return undefined
    return { resource: storageKey(resource), namespace: resource.namespaced ? namespace : undefined, name: owner.name }
  }

  #learn(resource: string, object: KubeObject): void {
    const place = placeOf(resource, object)
    this.#uids.add(object.metadata.uid!)
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid) ?? new Map<string, Place>()
      this.#dependents.set(uid, dependents.set(keyOf(place), place))
    }
  }

  #forget(resource: string, object: KubeObject): void {
    const key = keyOf(placeOf(resource, object))
    this.#uids.delete(object.metadata.uid!)
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid)
      dependents?.delete(key)
      if (dependents?.size === 0) this.#dependents.delete(uid)
    }
  }

  #look(place: Place): void {
    this.#queue.set(keyOf(place), place)
    this.#scheduled ??= setImmediate(() => this.#run())
  }

  #run(): void {
    this.#scheduled = undefined
    const places = [...this.#queue.values()]
    this.#queue.clear()
    for (const place of places) {
      const object = this.#store.get(place.resource, place.namespace, place.name)
      const resource = this.#registry.stored(place.resource)
      if (object && resource) this.#settle(object, resource)
    }
  }

  /** Does whatever an object's state asks for; nothing for most. */
  #settle(object: KubeObject, resource: Resource): void {
    const { deletionTimestamp, finalizers = [], ownerReferences = [] } = object.metadata
    const isOrphan = ownerReferences.length > 0 && ownerReferences.every((owner) => !this.#uids.has(owner.uid))
    if (!deletionTimestamp) {
      if (isOrphan) markDeleted(this.#store, object, resource, BACKGROUND)
      return
    }
    if (finalizers.includes(ORPHAN)) this.#releaseDependents(object, resource)
    else if (finalizers.includes(FOREGROUND)) this.#deleteDependents(object, resource)
    else if (resource === NAMESPACES) this.#emptyNamespace(object)
    else if (resource === CRDS && finalizers.includes(CRD_CLEANUP)) this.#emptyCrd(object)
  }

  #dependentsOf(owner: KubeObject): [KubeObject, Resource][] {
    const places = [...(this.#dependents.get(owner.metadata.uid!)?.values() ?? [])]
    return places.flatMap((place) => {
      const object = this.#store.get(place.resource, place.namespace, place.name)
      const resource = this.#registry.stored(place.resource)
      return object && resource ? [[object, resource] as [KubeObject, Resource]] : []
    })
  }

  #releaseDependents(owner: KubeObject, resource: Resource): void {
    for (const [object, dependentResource] of this.#dependentsOf(owner)) {
      const rest = object.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid)
      const { ownerReferences: _owners, ...metadata } = object.metadata
      const released = { ...object, metadata: rest?.length ? { ...metadata, ownerReferences: rest } : metadata }
      this.#store.put(storageKey(dependentResource), released)
    }
    this.#dropFinalizer(owner, resource, ORPHAN)
  }

  /** All of them go, and the owner waits for those that say so. */
  #deleteDependents(owner: KubeObject, resource: Resource): void {
    for (const [object, dependentResource] of this.#dependentsOf(owner)) {
      if (!object.metadata.deletionTimestamp) markDeleted(this.#store, object, dependentResource, BACKGROUND)
    }
    const isWaitedFor = ({ metadata }: KubeObject) =>
      metadata.ownerReferences?.some(({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion)
    if (!this.#dependentsOf(owner).some(([object]) => isWaitedFor(object))) {
      this.#dropFinalizer(owner, resource, FOREGROUND)
    }
  }

  #emptyNamespace(namespace: KubeObject): void {
    const { name } = namespace.metadata
    let isEmpty = true
    for (const [key, object] of [...this.#store.all()]) {
      if (object.metadata.namespace !== name) continue
      const resource = this.#registry.stored(key)
      if (!resource) continue
      const isMarked = object.metadata.deletionTimestamp !== undefined
      const remaining = isMarked ? object : markDeleted(this.#store, object, resource, BACKGROUND)
      if (remaining) isEmpty = false
    }
    if (isEmpty && !namespace.metadata.finalizers?.length) this.#store.remove(NAMESPACES_KEY, namespace)
  }

  #emptyCrd(crd: KubeObject): void {
    const key = crd.metadata.name
    const resource = this.#registry.stored(key)
    let isEmpty = true
    for (const object of resource ? this.#store.list(key) : []) {
      const isMarked = object.metadata.deletionTimestamp !== undefined
      const remaining = isMarked ? object : markDeleted(this.#store, object, resource!, BACKGROUND)
      if (remaining) isEmpty = false
    }
    if (isEmpty) this.#dropFinalizer(crd, CRDS, CRD_CLEANUP)
  }

  /** Takes a finalizer of ours away; without finalizers the object goes. */
  #dropFinalizer(object: KubeObject, resource: Resource, finalizer: string): void {
    const current = this.#store.get(storageKey(resource), object.metadata.namespace, object.metadata.name)
    if (!current) return
    const rest = (current.metadata.finalizers ?? []).filter((name) => name !== finalizer)
    const { finalizers: _finalizers, ...metadata } = current.metadata
    const key = storageKey(resource)
    if (rest.length > 0) this.#store.put(key, { ...current, metadata: { ...metadata, finalizers: rest } })
    else if (!metadata.deletionGracePeriodSeconds) this.#store.remove(key, { ...current, metadata })
    else this.#store.put(key, { ...current, metadata })
  }
}

function placeOf(resource: string, object: KubeObject): Place {
  return { resource, namespace: object.metadata.namespace, name: object.metadata.name }
}

function keyOf(place: Place): string {
  return `${place.resource}/${place.namespace ?? ''}/${place.name}`
}
