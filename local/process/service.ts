/**
 * A child process that has to be there: what a Deployment of one replica is in a cluster.
 *
 * start() runs it and waits until it answers. From then on, when it ends, it is started again: at once the first time,
 * then after a growing wait. A service that ends several times before it ever answered makes start() fail.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { signal, signalGroup } from './identity.ts'
import type { ProcessLedger } from './ledger.ts'
import { lastLines, openLog } from './log-file.ts'

export interface ServiceOptions {
  name: string
  file: string
  args: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  logFile: string
  ledger: ProcessLedger
  /** Does it answer? Asked often. */
  isReady: () => Promise<boolean>
  /** A line for a person. */
  tell: (line: string) => void
  /** Between SIGTERM and SIGKILL. */
  stopMs?: number
  startMs?: number
}

const READY_POLL_MS = 25
const START_ATTEMPTS = 3
const MAX_RESTART_MS = 30_000
/** Who has run for so long has recovered. */
const FORGIVEN_AFTER_MS = 10_000
const SHOWN_LINES = 15

export class Service {
  readonly #options: ServiceOptions
  #child: ChildProcess | undefined
  #startedAt = 0
  #restartMs = 0
  #attempts = 0
  #wasReady = false
  #stopping = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: ServiceOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when it answers. Throws when it ends again and again, or does not answer in time, with its last words. */
  async start(): Promise<void> {
    this.#spawn()
    const deadline = performance.now() + (this.#options.startMs ?? 60_000)
    while (!(await this.#answers())) {
      if (this.#stopping) throw new Error(`${this.name} was stopped before it was ready`)
      if (this.#attempts >= START_ATTEMPTS && !this.#child) throw await this.#failure('ends as soon as it is started')
      if (performance.now() > deadline) throw await this.#failure('does not answer')
      await delay(READY_POLL_MS)
    }
    this.#wasReady = true
  }

  /** From now on it is not started again: its turn to stop comes. */
  letEnd(): void {
    this.#stopping = true
    clearTimeout(this.#timer)
  }

  /** SIGTERM, and SIGKILL after a while. Resolves when it is gone. */
  async stop(stopMs = this.#options.stopMs ?? 15_000): Promise<void> {
    this.letEnd()
    const child = this.#child
    if (child?.pid === undefined) return
    const { pid } = child
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    signal(pid, 'SIGTERM')
    const impatience = setTimeout(() => signalGroup(pid, 'SIGKILL'), stopMs)
    await ended
    clearTimeout(impatience)
  }

  #spawn(): void {
    const { file, args, cwd, env, logFile, ledger } = this.#options
    const log = openLog(logFile)
    // Detached: Ctrl-C must reach us first, who stop the services in their order.
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', log.fd, log.fd] })
    if (child.pid !== undefined) ledger.record(this.name, child.pid)
    log.close()
    this.#child = child
    this.#startedAt = performance.now()
    this.#attempts += 1
    child.once('error', (error) => {
      if (child.pid === undefined) this.#ended(error.message)
    })
    child.once('exit', (code, by) => this.#ended(by ? `was ended by ${by}` : `ended with code ${code}`))
  }

  #ended(how: string): void {
    const { tell, ledger } = this.#options
    this.#child = undefined
    ledger.forget(this.name)
    if (this.#stopping || (!this.#wasReady && this.#attempts >= START_ATTEMPTS)) return
    const ranMs = performance.now() - this.#startedAt
    const waitMs = ranMs > FORGIVEN_AFTER_MS ? 0 : this.#restartMs
    this.#restartMs = Math.min(waitMs === 0 ? 1000 : waitMs * 2, MAX_RESTART_MS)
    if (this.#wasReady)
      tell(`${this.name} ${how}; it is started again ${waitMs === 0 ? 'now' : `in ${waitMs / 1000} s`}`)
    this.#timer = setTimeout(() => this.#spawn(), waitMs)
  }

  async #answers(): Promise<boolean> {
    return this.#child !== undefined && (await this.#options.isReady())
  }

  async #failure(what: string): Promise<Error> {
    const { logFile } = this.#options
    const lines = await lastLines(logFile, SHOWN_LINES)
    return new Error(`${this.name} ${what}. The end of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
  }
}
