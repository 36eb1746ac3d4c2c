/**
 * The open watches. Events of one watch come in their order, each with some delay; those of different watches come as they
 * like. A watch can lag, say things twice, break off, or have its past forgotten.
 */

import type { Network } from '../network.ts'
import type { Process } from '../process.ts'
import type { Server } from '../server.ts'
import type { Moment, Time } from '../time.ts'
import type { Change, KubeApi } from './api.ts'
import type { KubeObject } from './object.ts'

const BOOKMARK_MS = 45_000

interface Opening {
  process: Process
  plural: string
  matches: (object: KubeObject) => boolean
  since: number
  past: readonly Change[]
  /** Milliseconds. */
  lasts: number
}

export interface Watch {
  chunks(signal: AbortSignal): AsyncIterable<Uint8Array>
}

export class Watches {
  /** A watch from a version that is yet to come is refused; else it stays silent until then. */
  refusesFuture = true
  readonly #time: Time
  readonly #network: Network
  readonly #server: Server
  readonly #api: KubeApi
  readonly #open = new Set<OpenWatch>()
  /** Process → additional delay in milliseconds. */
  readonly #lags = new Map<string, number>()

  constructor(time: Time, network: Network, server: Server, api: KubeApi) {
    this.#time = time
    this.#network = network
    this.#server = server
    this.#api = api
    api.onChange((change) => {
      for (const watch of this.#open) watch.tell(change)
    })
  }

  open(opening: Opening): Watch {
    const watch = new OpenWatch(opening, {
      time: this.#time,
      delay: () => 0.3 + opening.process.random.next() ** 4 * 40 + (this.#lags.get(opening.process.name) ?? 0),
      isCut: () => !this.#server.isUp || this.#network.isCut(opening.process, this.#server),
      version: () => this.#api.version,
      closed: () => this.#open.delete(watch),
    })
    this.#open.add(watch)
    for (const change of opening.past) watch.tell(change)
    return watch
  }

  lag(process: string, ms: number): void {
    this.#lags.set(process, ms)
  }

  /** The next event of each watch of the process comes twice. */
  stutter(process: string): void {
    for (const watch of this.#of(process)) watch.stutters = true
  }

  /** The connections of a process end; of all without a name. */
  breakOff(process?: string): void {
    for (const watch of this.#of(process)) watch.end(new Error('connection reset'))
  }

  calm(): void {
    this.#lags.clear()
  }

  #of(process: string | undefined): OpenWatch[] {
    return [...this.#open].filter((watch) => process === undefined || watch.process.name === process)
  }
}

interface Surroundings {
  time: Time
  delay(): number
  isCut(): boolean
  version(): number
  closed(): void
}

class OpenWatch implements Watch {
  stutters = false
  readonly process: Process
  readonly #opening: Opening
  readonly #around: Surroundings
  readonly #waiting: Uint8Array[] = []
  #wake: () => void = () => {}
  #over: Error | 'ended' | undefined
  /** When the last event comes. */
  #lastAt = 0
  #bookmark: Moment

  constructor(opening: Opening, around: Surroundings) {
    this.process = opening.process
    this.#opening = opening
    this.#around = around
    around.time.after(opening.lasts, opening.process, () => this.end('ended'))
    this.#bookmark = this.#nextBookmark()
    opening.process.onDeath(() => around.closed())
  }

  tell({ plural, type, version, object, previous }: Change): void {
    const { matches } = this.#opening
    if (plural !== this.#opening.plural || version <= this.#opening.since) return
    const [is, was] = [type !== 'DELETED' && matches(object), previous !== undefined && matches(previous)]
    if (is || was) this.#send(!is ? 'DELETED' : was ? 'MODIFIED' : 'ADDED', object)
  }

  end(why: Error | 'ended'): void {
    this.#over ??= why
    this.#bookmark.isOff = true
    this.#around.closed()
    this.#around.time.after(0, this.process, () => this.#wake())
  }

  async *chunks(signal: AbortSignal): AsyncIterable<Uint8Array> {
    signal.addEventListener('abort', () => this.end(signal.reason as Error), { once: true })
    for (;;) {
      for (let chunk = this.#waiting.shift(); chunk; chunk = this.#waiting.shift()) yield chunk
      if (this.#over === 'ended') return
      if (this.#over) throw this.#over
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #send(type: string, object: object): void {
    const chunk = Buffer.from(`${JSON.stringify({ type, object })}\n`)
    const { time, delay } = this.#around
    for (let times = this.stutters ? 2 : 1; times > 0; times--) {
      this.#lastAt = Math.max(this.#lastAt, time.now + delay())
      time.after(this.#lastAt - time.now, this.process, () => this.#arrive(chunk))
    }
    this.stutters = false
  }

  /** What a cut swallows is lost, and so is the connection: nothing that comes later is heard on it. */
  #arrive(chunk: Uint8Array): void {
    if (this.#over) return
    if (this.#around.isCut()) {
      this.#around.closed()
      this.#bookmark.isOff = true
      return
    }
    this.#waiting.push(chunk)
    this.#wake()
  }

  #nextBookmark(): Moment {
    return this.#around.time.after(BOOKMARK_MS, this.process, () => {
      this.#send('BOOKMARK', { metadata: { resourceVersion: String(this.#around.version()) } })
      this.#bookmark = this.#nextBookmark()
    })
  }
}
