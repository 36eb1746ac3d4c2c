/** Tells what happens by webhook, as Meta does: signed, at least once, again and again until it is answered 200. */
import { setTimeout as delay } from 'node:timers/promises'
import { SIGNATURE_HEADER, sign } from '@berth/core/cloud-api/signature.ts'

export interface Subscription {
  url: string
  appSecret: string
}

interface Options {
  /** The first wait after a refusal; the next ones are longer. */
  retryMs: number
  /** Each is told so often, as Meta sometimes does. */
  times: number
}

const LONGEST_FACTOR = 20
const ANSWER_MS = 5000

export class Webhooks {
  readonly #options: Options
  readonly #open = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  /** Answers that were not 200. */
  refused = 0

  constructor(options: Options) {
    this.#options = options
  }

  tell({ url, appSecret }: Subscription, body: object): void {
    const bytes = Buffer.from(JSON.stringify(body))
    const headers = { 'content-type': 'application/json', [SIGNATURE_HEADER]: sign(appSecret, bytes) }
    for (let time = 0; time < this.#options.times; time++) {
      const told = this.#deliver(url, bytes, headers).finally(() => this.#open.delete(told))
      this.#open.add(told)
    }
  }

  /** Resolves when all was told that is to be told now. */
  async told(): Promise<void> {
    await Promise.all(this.#open)
  }

  /** Nothing is told any more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#open)
  }

  async #deliver(url: string, body: Buffer<ArrayBuffer>, headers: Record<string, string>): Promise<void> {
    const { signal } = this.#stopping
    for (let factor = 1; !signal.aborted; factor = Math.min(factor * 2, LONGEST_FACTOR)) {
      const timeout = AbortSignal.timeout(ANSWER_MS)
      const answer = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.any([signal, timeout]),
      }).catch(() => undefined)
      await answer?.body?.cancel()
      if (answer?.status === 200 || signal.aborted) return
      this.refused++
      await sleep(factor * this.#options.retryMs, signal)
    }
  }
}

/** Ends early when it is aborted. */
const sleep = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal }).catch(() => {})
