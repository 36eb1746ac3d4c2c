/** Measures how busy this process is. The lease thread tells it to the operator, which scales by it. */
import { totalmem } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { WorkerLoad } from '@berth/core/postgres/load.ts'
import { messages } from '../metrics.ts'
import { monotonicMs } from './clock.ts'

/** Between two measurements. */
export const MEASURE_MS = 5_000
/** The event loop is looked at so often; a loop that is on time shows this. */
const RESOLUTION_MS = 10

export class LoadMeter {
  readonly #lag = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #before = { messages: 0, at: monotonicMs() }

  constructor() {
    this.#lag.enable()
  }

  /** Since the last measurement. */
  async measure(): Promise<WorkerLoad> {
    const now = { messages: await countMessages(), at: monotonicMs() }
    const seconds = Math.max(1, now.at - this.#before.at) / 1000
    const load = {
      messagesPerSecond: (now.messages - this.#before.messages) / seconds,
      loopLagMs: Math.max(0, this.#lag.percentile(99) / 1e6 - RESOLUTION_MS),
      memoryPercent: (100 * process.memoryUsage.rss()) / memoryLimit(process.constrainedMemory(), totalmem()),
    }
    this.#before = now
    this.#lag.reset()
    return load
  }

  stop(): void {
    this.#lag.disable()
  }
}

async function countMessages(): Promise<number> {
  const { values } = await messages.get()
  return values.reduce((sum, { value }) => sum + value, 0)
}

/** Bytes. `constrained`: of the control group; 0, or more than there is, where that has no limit. */
export const memoryLimit = (constrained: number, total: number): number =>
  constrained > 0 && constrained < total ? constrained : total
