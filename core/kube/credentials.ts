/** The Authorization header of our requests, kept fresh: the tokens of pods and of exec plugins change under way. */
import { readFile } from 'node:fs/promises'
import type { KubeConfig } from './config.ts'

const MAX_AGE_MS = 60_000

export class Credentials {
  readonly #ask: (() => Promise<string | undefined>) | undefined
  #header: string | undefined
  #readAt = -Infinity
  #reading: Promise<string | undefined> | undefined

  constructor(config: KubeConfig) {
    const { tokenFile, authorize } = config
    if (config.token) this.#header = `Bearer ${config.token}`
    if (authorize) this.#ask = authorize
    else if (tokenFile) this.#ask = async () => `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`
  }

  /** The header to send, at most a minute old. A source that fails leaves the last good one in use. */
  authorization(): Promise<string | undefined> | string | undefined {
    if (!this.#ask || performance.now() - this.#readAt < MAX_AGE_MS) return this.#header
    this.#reading ??= this.#refresh(this.#ask).finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** Has the next request ask again. Says whether asking again can bring another answer. */
  expire(): boolean {
    this.#readAt = -Infinity
    return this.#ask !== undefined
  }

  async #refresh(ask: () => Promise<string | undefined>): Promise<string | undefined> {
    try {
      this.#header = await ask()
      this.#readAt = performance.now()
    } catch (error) {
      if (this.#header === undefined) throw error
    }
    return this.#header
  }
}
