/** Profiles spans of measured processes, from outside. */
import { mkdirSync } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../chaos/until.ts'
import type { ChildOptions } from '../child.ts'
import { profileFile, runningFile } from './files.ts'
import { type ProfileSummary, summarize } from './summary.ts'

const PRELOAD = fileURLToPath(import.meta.resolve('./preload.ts'))
const TIMEOUT_MS = 60_000

export interface Profile extends ProfileSummary {
  /** To be opened in a browser's developer tools. */
  file: string
}

export class Profiler {
  readonly #folder: string
  /** Spans so far, by process. */
  readonly #spans = new Map<number, number>()

  /** @param folder where the profiles go */
  constructor(folder: string) {
    this.#folder = resolve(folder)
    mkdirSync(this.#folder, { recursive: true })
  }

  /** With what a process must be started to be profiled. */
  get child(): Required<Pick<ChildOptions, 'flags' | 'env'>> {
    return { flags: ['--import', PRELOAD], env: { BERTH_BENCH_PROFILES: this.#folder } }
  }

  /** Runs `work` and profiles the process meanwhile. */
  async during(pid: number, work: () => Promise<void>): Promise<Profile> {
    const span = (this.#spans.get(pid) ?? 0) + 1
    this.#spans.set(pid, span)
    await this.#signal(pid, runningFile(this.#folder, pid))
    await work()
    const file = profileFile(this.#folder, pid, span)
    await this.#signal(pid, file)
    return { file, ...summarize(JSON.parse(await readFile(file, 'utf8'))) }
  }

  async #signal(pid: number, answer: string): Promise<void> {
    process.kill(pid, 'SIGUSR2')
    await until('the profiler answers', TIMEOUT_MS, () => access(answer).then(() => true))
  }
}
