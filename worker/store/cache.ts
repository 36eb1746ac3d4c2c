/** What the process remembers of durable values, over all its sessions: the least recently used go first. */
import { LRUCache } from 'lru-cache'

/** Of an entry besides its value: key, object, list node. */
const OVERHEAD = 200

interface Entry {
  value: unknown
  cost: number
  /** The owner's list of what is remembered for it. */
  keys: Set<string>
}

export class Cache {
  readonly #entries: LRUCache<string, Entry>

  constructor(budgetBytes: number) {
    this.#entries = new LRUCache<string, Entry>({
      maxSize: budgetBytes,
      sizeCalculation: (entry) => entry.cost,
      dispose: (entry, key) => entry.keys.delete(key),
      noDisposeOnSet: true,
    })
  }

  /** A part of the cache under a prefix of its own, which can be dropped as a whole. */
  section(prefix: string): CacheSection {
    const entries = this.#entries
    const keys = new Set<string>()
    return {
      get: (key) => entries.get(`${prefix}/${key}`),
      set: (key, value, cost) => {
        const full = `${prefix}/${key}`
        keys.add(full)
        entries.set(full, { value, cost: OVERHEAD + cost, keys })
      },
      drop: () => {
        for (const key of keys) entries.delete(key)
      },
    }
  }
}

export interface CacheSection {
  /** An entry whose value is undefined: it is known that there is none. */
  get(key: string): { value: unknown } | undefined
  set(key: string, value: unknown, cost: number): void
  drop(): void
}
