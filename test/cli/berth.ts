/** Runs the real command line as a process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { commands } from '@berth/cli/commands.ts'
import { run } from '@berth/cli/run.ts'
import type { Terminal } from '@berth/cli/terminal.ts'
import { bareEnvironment } from '../bare-environment.ts'

const MAIN = path.join(import.meta.dirname, '../../cli/main.ts')

export interface Outcome {
  code: number | null
  out: string
  err: string
}

export interface Surroundings {
  env?: Record<string, string>
  input?: string
  folder?: string
}

/** Without this process's environment: a developer's own KUBECONFIG or DATABASE_URL must not be used by a test. */
const start = (args: string[], { env = {}, folder }: Surroundings) =>
  spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { ...bareEnvironment(), HOME: '/nonexistent', BERTH_DATA: '/nonexistent', ...env },
  })

/** Waits for its end. */
export async function berth(args: string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const child = start(args, surroundings)
  const outcome: Outcome = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    outcome.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    outcome.err += text
  })
  child.stdin.end(surroundings.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { ...outcome, code }
}

/** The same in this process, which is quicker; for what is not about processes, nor ends by a signal. */
export async function berthHere(
  args: string[],
  { env = {}, input = '', folder = '/' }: Surroundings = {},
): Promise<Outcome> {
  const outcome: Outcome = { code: null, out: '', err: '' }
  const terminal: Terminal = {
    print: (text) => {
      outcome.out += `${text}\n`
    },
    note: (text) => {
      outcome.err += `${text}\n`
    },
    readInput: async () => input,
    isInteractive: false,
    columns: undefined,
  }
  outcome.code = await run(args, { commands, terminal, env: { BERTH_DATA: '/nonexistent', ...env }, folder })
  return outcome
}

/** One that goes on until it is stopped, read line by line. */
export class Watching {
  readonly #child: ReturnType<typeof start>
  readonly #lines: AsyncIterator<string>
  readonly #notes: AsyncIterator<string>

  readonly #closed: Promise<[number | null]>

  constructor(args: string[], surroundings: Surroundings) {
    this.#child = start(args, surroundings)
    this.#closed = once(this.#child, 'close') as Promise<[number | null]>
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#notes = createInterface({ input: this.#child.stderr })[Symbol.asyncIterator]()
  }

  /** The next line of the output. */
  line(): Promise<string> {
    return next(this.#lines)
  }

  /** The next line of the error output. */
  note(): Promise<string> {
    return next(this.#notes)
  }

  /** As Ctrl-C does. */
  interrupt(): void {
    this.#child.kill('SIGINT')
  }

  /** The exit code, once it has ended. */
  async code(): Promise<number | null> {
    return (await this.#closed)[0]
  }

  async stop(): Promise<void> {
    this.interrupt()
    await this.#closed
  }
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  if (done) throw new Error('it has ended')
  return value
}
