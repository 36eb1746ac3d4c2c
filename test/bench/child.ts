/** Processes that the bench starts; none outlives it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ChildOptions {
  /** Of Node itself. */
  flags?: string[]
  args?: string[]
  env?: Record<string, string>
  ipc?: boolean
}

export class Child {
  readonly pid: number
  readonly process: ChildProcess
  readonly #ended: Promise<unknown>

  /** Runs a TypeScript file with this process's Node. With `ipc` it can be talked to. */
  constructor(file: string, { flags = [], args = [], env = {}, ipc = false }: ChildOptions) {
    this.process = spawn(process.execPath, [...flags, file, ...args], {
      env: { PATH: process.env.PATH, LOG_LEVEL: process.env.LOG_LEVEL ?? 'error', ...env },
      // What they say on standard output is mostly logs; errors are for the person who runs the bench.
      stdio: ['ignore', process.env.LOG_LEVEL ? 2 : 'ignore', 2, ...(ipc ? (['ipc'] as const) : [])],
    })
    this.pid = this.process.pid!
    this.#ended = once(this.process, 'exit')
    const kill = () => this.process.kill('SIGKILL')
    process.once('exit', kill)
    void this.#ended.then(() => process.off('exit', kill))
  }

  /** Asks it to end, and waits until it has. */
  async stop(): Promise<void> {
    this.process.kill('SIGTERM')
    await this.#ended
  }
}
