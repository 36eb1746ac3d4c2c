/**
 * Messages of one session with which nothing is left to be done, as long as an answer of the database that is under way may still
 * have them as open; and who waits for them.
 */
export class SettledSends {
  readonly #settled = new Set<string>()
  readonly #durably = new Set<string>()
  readonly #listeners = new Map<string, (() => void)[]>()

  has(whatsappId: string): boolean {
    return this.#settled.has(whatsappId)
  }

  /** Call before the database is asked for open rows: what it knows to be settled need not be kept. */
  beforeLoad(): void {
    for (const id of this.#durably) this.#settled.delete(id)
    this.#durably.clear()
  }

  add(whatsappId: string): void {
    this.#settled.add(whatsappId)
  }

  /** The database knows, too. */
  durable(whatsappId: string): void {
    if (this.#settled.has(whatsappId)) this.#durably.add(whatsappId)
    for (const listener of this.#listeners.get(whatsappId) ?? []) listener()
    this.#listeners.delete(whatsappId)
  }

  /** Resolves when the message is settled and durable. */
  when(whatsappId: string): Promise<void> {
    return new Promise((resolve) =>
      this.#listeners.set(whatsappId, [...(this.#listeners.get(whatsappId) ?? []), resolve]),
    )
  }

  /** Nobody waits any longer. */
  end(): void {
    for (const id of [...this.#listeners.keys()]) this.durable(id)
  }
}
