/** What is under way on a connection: given up at once when that ends. Baileys would let it wait for its time-out. */

export class UnderWay {
  readonly #rejects = new Set<(error: Error) => void>()

  /** As `work` settles; rejects when everything is given up first. */
  async run<T>(work: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#rejects.add(reject)
    work.then(resolve, reject)
    try {
      return await promise
    } finally {
      this.#rejects.delete(reject)
    }
  }

  giveUp(error: Error): void {
    for (const reject of this.#rejects) reject(error)
  }
}
