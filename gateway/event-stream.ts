/** Server-sent events over one answer, and how many of them there may be. */
import { once } from 'node:events'
import type { FastifyReply } from 'fastify'
import { Problem } from './problems/problem.ts'

const HEARTBEAT_MS = 15_000
/** A reader that leaves more than this unread is gone. */
const MAX_UNREAD_BYTES = 256 * 1024
/** One that leaves this much is waited for, so long. */
const FULL_BYTES = 64 * 1024
const READ_MS = 30_000

export class EventStream {
  readonly #raw: FastifyReply['raw']
  readonly #heartbeat: NodeJS.Timeout
  #number = 0

  /** Takes the answer over from Fastify and sends its head. */
  constructor(reply: FastifyReply) {
    reply.hijack()
    this.#raw = reply.raw
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) this.#raw.setHeader(name, value)
    }
    this.#raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies would hold the events back.
      'x-accel-buffering': 'no',
      // Nothing follows a stream; a kept connection would hold up a gateway that stops.
      connection: 'close',
    })
    this.#heartbeat = setInterval(() => this.#write(': heartbeat\n\n'), HEARTBEAT_MS)
  }

  /** @param id by which a reader goes on later; without one the events are counted */
  send({ id = String(++this.#number), event, data }: { id?: string; event: string; data: unknown }): void {
    this.#write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  /** Until the reader has read enough for more to be sent; one that takes too long is cut off. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.#raw.writableLength < FULL_BYTES) return
    const late = AbortSignal.timeout(READ_MS)
    await once(this.#raw, 'drain', { signal: AbortSignal.any([signal, late]) }).catch(() => {})
    if (late.aborted) this.#raw.destroy()
  }

  end(): void {
    clearInterval(this.#heartbeat)
    this.#raw.end()
  }

  #write(text: string): void {
    if (this.#raw.writableLength > MAX_UNREAD_BYTES) this.#raw.destroy()
    else if (!this.#raw.destroyed) this.#raw.write(text)
  }
}

const MAX_PER_TENANT = 20
const MAX_STREAM_MS = 10 * 60_000

/** The streams that are open; all of them end when the gateway stops. */
export class StreamSlots {
  readonly #perTenant = new Map<string, number>()
  readonly #stopping: AbortSignal

  constructor(stopping: AbortSignal) {
    this.#stopping = stopping
  }

  /**
   * A slot for the stream of an answer. Its signal ends when the reader goes away, when the gateway stops and after
   * MAX_STREAM_MS; release it afterwards. Throws Problem too_many_streams.
   */
  take(tenantId: string, answer: FastifyReply['raw']): { signal: AbortSignal; release: () => void } {
    const open = this.#perTenant.get(tenantId) ?? 0
    if (open >= MAX_PER_TENANT) {
      throw new Problem('too_many_streams', { detail: `${MAX_PER_TENANT} are open`, retryAfterSeconds: 5 })
    }
    this.#perTenant.set(tenantId, open + 1)
    // Fastify's own signal of the request ends with reply.hijack().
    const gone = new AbortController()
    answer.once('close', () => gone.abort())
    return {
      signal: AbortSignal.any([gone.signal, this.#stopping, AbortSignal.timeout(MAX_STREAM_MS)]),
      release: () => {
        const left = this.#perTenant.get(tenantId)! - 1
        if (left > 0) this.#perTenant.set(tenantId, left)
        else this.#perTenant.delete(tenantId)
      },
    }
  }
}
