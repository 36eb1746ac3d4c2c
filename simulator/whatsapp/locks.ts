// Locks: one Signal operation at a time per phone, since each reads a session, steps it and stores it.

export class Locks {
  readonly #tails = new Map<string, Promise<void>>()

  /** Runs `work` when nobody else holds any of the keys. Sorted, so that two callers never wait for each other. */
  exclusive<T>(keys: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const sorted = [...new Set(keys)].sort()
    const run = sorted.reduceRight<() => Promise<T>>((inner, key) => () => this.#hold(key, inner), work)
    return run()
  }

  async #hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tails.set(key, promise)
    await before
    try {
      return await work()
    } finally {
      if (this.#tails.get(key) === promise) this.#tails.delete(key)
      resolve()
    }
  }
}
