/**
 * Processes that outlive us: they are started once, are not started again when they end, and whoever knows their folder
 * can find and end them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isRunning, killAndWait, type ProcessIdentity } from '@berth/local/process/identity.ts'
import { ProcessLedger } from '@berth/local/process/ledger.ts'
import { lastLines, openLog } from '@berth/local/process/log-file.ts'

export interface Program {
  name: string
  file: string
  args: string[]
  env?: NodeJS.ProcessEnv
  /** Does it answer? Asked often. */
  isReady: () => Promise<boolean>
}

/** proc(5): starts are told in ticks since the boot, a hundred of them a second. */
const TICKS_PER_SECOND = 100

const READY_POLL_MS = 50
const START_MS = 120_000
const SHOWN_LINES = 15

export class Processes {
  readonly #folder: string
  readonly #ledger: ProcessLedger

  /** `folder` gets `logs/` and `run/`, the ledger. */
  constructor(folder: string) {
    this.#folder = folder
    this.#ledger = new ProcessLedger(path.join(folder, 'run'))
  }

  /** Resolves when it answers; does nothing when it runs already. Throws, with its last words, when it ends or is late. */
  async start(program: Program): Promise<void> {
    const { name, isReady } = program
    const identity = this.find(name) ?? (await this.#spawn(program))
    const deadline = performance.now() + START_MS
    while (!(await isReady())) {
      if (!identity || !isRunning(identity)) throw await this.#failure(name, 'ended while it started')
      if (performance.now() > deadline) throw await this.#failure(name, `did not answer within ${START_MS / 1000} s`)
      await delay(READY_POLL_MS)
    }
  }

  /** Undefined when it doesn't run. */
  find(name: string): ProcessIdentity | undefined {
    const identity = this.#ledger.find(name)
    return identity && isRunning(identity) ? identity : undefined
  }

  /** SIGKILL to it and its process group; resolves when it is gone. */
  async kill(name: string): Promise<void> {
    const identity = this.find(name)
    if (identity) await killAndWait(identity)
    this.#ledger.forget(name)
  }

  /** The same to all that were ever started here. */
  async killAll(): Promise<void> {
    await this.#ledger.endOrphans()
  }

  logFile(name: string): string {
    return path.join(this.#folder, 'logs', `${name}.log`)
  }

  /** Undefined when it has ended already. */
  async #spawn({ name, file, args, env }: Program): Promise<ProcessIdentity | undefined> {
    const log = openLog(this.logFile(name))
    const child = spawn(file, args, { cwd: '/', env, detached: true, stdio: ['ignore', log.fd, log.fd] })
    if (child.pid !== undefined) this.#ledger.record(name, child.pid)
    log.close()
    child.unref()
    await once(child, 'spawn').catch((error: Error) => {
      throw new Error(`${name} can't be started: ${error.message}`, { cause: error })
    })
    return this.find(name)
  }

  async #failure(name: string, what: string): Promise<Error> {
    const file = this.logFile(name)
    const lines = await lastLines(file, SHOWN_LINES)
    return new Error(`${name} ${what}. The end of ${file}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
  }
}

/** Seconds since it was started. */
export function ageOf({ startedAt }: ProcessIdentity): number {
  const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  const ticks = Number(startedAt.split('/')[1])
  return Math.max(0, Math.round(uptime - ticks / TICKS_PER_SECOND))
}
