/** The customers' server, as the harness sees it: who it is to believe, and what came. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Receipt, Refused } from './records.ts'
import type { FromThread, ThreadData, ToThread } from './thread.ts'

const THREAD = join(import.meta.dirname, 'thread.ts')

export class WebhookReceiver {
  /** In the order in which they came. */
  readonly receipts: Receipt[] = []
  readonly refused: Refused[] = []
  readonly #thread: Worker
  readonly #listening = Promise.withResolvers<string>()

  private constructor(thread: Worker) {
    this.#thread = thread
    thread.on('error', this.#listening.reject)
    thread.on('message', (message: FromThread) => {
      if ('url' in message) this.#listening.resolve(message.url)
      else if ('refused' in message) this.refused.push(message.refused)
      else this.receipts.push(message.receipt)
    })
  }

  /** @param host an address of this machine */
  static async start(host: string): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver(new Worker(THREAD, { workerData: { host } satisfies ThreadData }))
    await receiver.#listening.promise
    return receiver
  }

  /** A customer's address there. */
  async urlOf(tenant: string): Promise<string> {
    return `${await this.#listening.promise}/${tenant}`
  }

  /** Until then a customer's requests are answered "later". */
  believe(tenant: string, secret: string): void {
    this.#thread.postMessage({ tenant, secret } satisfies ToThread)
  }

  async stop(): Promise<void> {
    await this.#thread.terminate()
  }
}
