/**
 * The keys of one session, memory-first: a written value is visible at once and durable when its write resolves. Values
 * are loaded when they are asked for, and forgotten again over the cache's budget; those not durable yet are never forgotten.
 */
import type { CacheSection } from './cache.ts'
import type { Codec } from './codec.ts'
import type { Committer } from './committer.ts'
import type { Loader } from './loader.ts'
import type { Ownership } from './ownership.ts'
import { type KeyChange, keyPlace, type Unit } from './unit.ts'

export interface StoreParts {
  owner: Ownership
  committer: Committer
  loader: Loader
  cache: CacheSection
  codec: Codec
}

export type UnitContent = Omit<Unit, 'owner' | 'codec'>

export class SessionStore {
  readonly owner: Ownership
  readonly #parts: StoreParts
  /** Written and not durable yet. */
  readonly #unsettled = new Map<string, { value: unknown }>()
  readonly #loading = new Map<string, Promise<unknown>>()
  #closed = false

  constructor(parts: StoreParts) {
    this.owner = parts.owner
    this.#parts = parts
  }

  /** The values that there are. Rejects when the session is not ours any more. */
  async get(type: string, ids: string[]): Promise<Record<string, unknown>> {
    if (this.owner.loss) throw this.owner.loss
    if (this.#closed) throw new Error(`the store of session ${this.owner.sessionId} is closed`)
    const found: Record<string, unknown> = {}
    const missing: Promise<void>[] = []
    for (const id of ids) {
      const known = this.#known(keyPlace(type, id))
      if (known) {
        if (known.value !== undefined) found[id] = known.value
      } else {
        missing.push(
          this.#load(type, id).then((value) => {
            if (value !== undefined) found[id] = value
          }),
        )
      }
    }
    if (missing.length > 0) await Promise.all(missing)
    return found
  }

  /**
   * Writes as one unit. Resolves when durable; never settles when the session was lost or the store closed.
   * A lazy write rides along with the next commit.
   */
  async write(content: UnitContent, options?: { lazy?: boolean }): Promise<void> {
    if (this.#closed || this.owner.loss) return new Promise(() => {})
    const { owner, committer, cache, codec } = this.#parts
    const written = (content.keys ?? []).map((key) => this.#put(key))
    await committer.add({ ...content, owner, codec }, options)
    for (const { place, type, entry } of written) {
      if (this.#unsettled.get(place) !== entry) continue // written again since
      this.#unsettled.delete(place)
      cache.set(place, entry.value, codec.cost(type))
    }
  }

  /** Forgets everything; later writes through this store are dropped. */
  close(): void {
    this.#closed = true
    this.#unsettled.clear()
    this.#loading.clear()
    this.#parts.cache.drop()
  }

  #known(place: string): { value: unknown } | undefined {
    return this.#unsettled.get(place) ?? this.#parts.cache.get(place)
  }

  #put({ type, id, value }: KeyChange) {
    const place = keyPlace(type, id)
    const entry = { value }
    this.#unsettled.set(place, entry)
    this.#loading.delete(place) // what is being read is older
    return { place, type, entry }
  }

  #load(type: string, id: string): Promise<unknown> {
    const place = keyPlace(type, id)
    const running = this.#loading.get(place)
    if (running) return running
    const { owner, loader, cache, codec } = this.#parts
    const load = loader.load(owner, type, id).then(
      (box) => {
        if (this.#closed) throw new Error(`the store of session ${owner.sessionId} is closed`)
        if (this.#loading.get(place) !== load) return this.get(type, [id]).then((found) => found[id])
        this.#loading.delete(place)
        const value = box && codec.decode(type, owner.sealer.open(place, box))
        cache.set(place, value, codec.cost(type))
        return value
      },
      (error) => {
        if (this.#loading.get(place) === load) this.#loading.delete(place)
        throw error
      },
    )
    this.#loading.set(place, load)
    return load
  }
}
