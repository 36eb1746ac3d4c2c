/** Uploads that are under way: whoever asks for the same file meanwhile waits for the same one. */
export class Uploads {
  readonly #running = new Map<string, Promise<unknown>>()

  /** @param messageId of the message that the file belongs to */
  once(messageId: string, upload: () => Promise<unknown>): Promise<unknown> {
    const running = this.#running.get(messageId)
    if (running) return running
    const begun = upload()
    this.#running.set(messageId, begun)
    const done = () => this.#running.delete(messageId)
    begun.then(done, done)
    return begun
  }
}
