/** A worker as a process of its own, armed to die at a failpoint. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { firedLine } from '@berth/core/failpoint/failpoint.ts'
import type { Point } from '@berth/core/failpoint/points.ts'
import { bareEnvironment } from '../bare-environment.ts'

const MAIN = fileURLToPath(import.meta.resolve('@berth/worker/main.ts'))

export class Victim {
  readonly #process: ChildProcess
  /** How it ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  #hasEnded = false
  #words = ''

  /** @param failpoints BERTH_FAILPOINTS; undefined: it is killed otherwise */
  constructor(environment: Record<string, string>, failpoints?: string) {
    this.#process = spawn(process.execPath, [MAIN], {
      env: {
        ...bareEnvironment(),
        LOG_LEVEL: 'error',
        ...environment,
        ...(failpoints ? { BERTH_FAILPOINTS: failpoints } : {}),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.on('data', (chunk) => {
        this.#words += chunk
      })
    }
    this.ended = once(this.#process, 'close').then(([code, signal]) => {
      this.#hasEnded = true
      return { code, signal }
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** What it said: its errors, and which failpoints fired. */
  get words(): string {
    return this.#words
  }

  /** How often a failpoint fired. */
  count(point: Point): number {
    return this.#words.split(firedLine(point)).length - 1
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Kills it, if it is not dead yet; resolves when it is. */
  async kill(): Promise<void> {
    if (!this.#hasEnded) this.signal('SIGKILL')
    await this.ended
  }
}
