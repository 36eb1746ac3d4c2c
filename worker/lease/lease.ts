/** This boot's lease, as the main thread sees it. */
import { Worker as Thread } from 'node:worker_threads'
import { mayAct } from '@berth/core/ownership/lease.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { LeaseClock, monotonicMs } from './clock.ts'
import { LoadMeter, MEASURE_MS } from './load.ts'
import type { LeaseThreadData, LeaseThreadMessage } from './thread.ts'

const HEARTBEAT_MS = 250

export interface LeaseOptions {
  databaseUrl: string
  bootId: string
  /** When the lease was opened, which counts as the first renewal (monotonicMs()). */
  openedAt: number
  /** The boot was revoked or ended, or nothing renews the lease any more: close everything at once and exit. */
  onRefused: (reason: string) => void
  log: Logger
}

export class Lease {
  readonly #clock = new LeaseClock()
  readonly #heartbeat: NodeJS.Timeout
  readonly #meter = new LoadMeter()
  readonly #measuring: NodeJS.Timeout
  readonly #thread: Thread
  #stopping = false

  constructor({ databaseUrl, bootId, openedAt, onRefused, log }: LeaseOptions) {
    this.#clock.renewed(openedAt)
    this.#clock.beat()
    this.#heartbeat = setInterval(() => this.#clock.beat(), HEARTBEAT_MS)
    this.#measuring = setInterval(async () => this.#clock.measured(await this.#meter.measure()), MEASURE_MS)
    const workerData: LeaseThreadData = { url: databaseUrl, bootId, clock: this.#clock.buffer }
    this.#thread = new Thread(new URL('./thread.ts', import.meta.url), { workerData })
    this.#thread.on('message', (message: LeaseThreadMessage) => {
      if (message.event === 'refused') this.#refused(onRefused, 'the lease was revoked')
      else log.warn({ reason: message.message }, 'the lease could not be renewed')
    })
    this.#thread.on('error', (error) => this.#refused(onRefused, `the lease thread failed: ${error.message}`))
    this.#thread.on('exit', () => this.#refused(onRefused, 'the lease thread ended'))
  }

  /** False: start no login, send or command. What runs goes on; the fence decides over it. */
  get mayAct(): boolean {
    return !this.#stopping && mayAct(this.#clock.renewedAt, monotonicMs())
  }

  /** Renews no more. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#heartbeat)
    clearInterval(this.#measuring)
    this.#meter.stop()
    await this.#thread.terminate()
  }

  #refused(onRefused: LeaseOptions['onRefused'], reason: string): void {
    if (this.#stopping) return
    this.#stopping = true
    onRefused(reason)
  }
}
