/** The last changes, for watches: who asks for older ones is told to list again (410). */
import { expired, versionTooLarge } from './api-error.ts'
import type { KubeObject } from './object.ts'

export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  version: number
  /** Storage key of the resource (`whatsappsessions.berth.dev`). */
  resource: string
  object: KubeObject
  /** What was stored before; selectors need it to see that an object left their view. */
  previous?: KubeObject
}

type Listener = (change: Change) => void

/** How many changes are kept; kept in memory only, so watches from before a restart list again. */
const LIMIT = 10_000

/** To hear of the changes of every resource. */
export const EVERYTHING = '*'

export class History {
  #changes: Change[] = []
  /** The version before the first change that is kept: watches may start from here. */
  #floor: number
  #listeners = new Map<string, Set<Listener>>()
  readonly #limit: number

  constructor(version: number, limit = LIMIT) {
    this.#floor = version
    this.#limit = limit
  }

  add(change: Change): void {
    this.#changes.push(change)
    // Cut in large steps: removing the first element of a long array one by one would be slow.
    if (this.#changes.length > this.#limit * 1.5) {
      const cut = this.#changes.length - this.#limit
      this.#floor = this.#changes[cut - 1]!.version
      this.#changes = this.#changes.slice(cut)
    }
    for (const listener of this.#listeners.get(change.resource) ?? []) listener(change)
    for (const listener of this.#listeners.get(EVERYTHING) ?? []) listener(change)
  }

  /** Throws unless changes after `version` are all known. */
  check(version: number, current: number): void {
    if (version > current) throw versionTooLarge(version, current)
    if (version < this.#floor) throw expired(`too old resource version: ${version} (${this.#floor})`)
  }

  /** The kept changes of a resource after a version, oldest first. */
  since(version: number, resource: string): Change[] {
    return this.#changes.filter((change) => change.version > version && change.resource === resource)
  }

  /** Calls `listener` for each later change of a resource; returns the function that stops it. */
  subscribe(resource: string | typeof EVERYTHING, listener: Listener): () => void {
    const listeners = this.#listeners.get(resource) ?? new Set()
    this.#listeners.set(resource, listeners.add(listener))
    return () => listeners.delete(listener)
  }
}
