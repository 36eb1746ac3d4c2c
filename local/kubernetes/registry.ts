/** Which resources the server has right now: the built-in kinds, and what the stored CRDs define. */
import { BUILTINS, CRDS } from './builtins.ts'
import { resourcesOf } from './crds.ts'
import type { KubeObject } from './object.ts'
import { type Resource, storageKey } from './resource.ts'
import type { Store } from './store.ts'

export class Registry {
  #custom = new Map<string, Resource[]>()
  #all: Resource[] = BUILTINS
  /** Grows with every change of the CRDs; clients key their caches by it. */
  revision = 1
  #listeners = new Set<(storageKey: string) => void>()

  constructor(store: Store) {
    for (const crd of store.list(storageKey(CRDS))) this.#set(crd)
    store.history.subscribe(storageKey(CRDS), (change) => {
      if (change.type === 'DELETED') this.#remove(change.object)
      else this.#set(change.object)
    })
  }

  get all(): readonly Resource[] {
    return this.#all
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#all.find((r) => r.plural === plural && r.group === group && r.version === version)
  }

  /** The resource behind a storage key, in the version that is stored. */
  stored(key: string): Resource | undefined {
    return this.#all.find((resource) => storageKey(resource) === key)
  }

  /** Calls `listener` with the storage key of every resource that goes. */
  onRemoval(listener: (storageKey: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #set(crd: KubeObject): void {
    this.#custom.set(crd.metadata.name, resourcesOf(crd))
    this.#rebuild()
  }

  #remove(crd: KubeObject): void {
    this.#custom.delete(crd.metadata.name)
    this.#rebuild()
    for (const listener of this.#listeners) listener(crd.metadata.name)
  }

  #rebuild(): void {
    this.revision++
    this.#all = [...BUILTINS, ...[...this.#custom.values()].flat()]
  }
}
