/** Runs the real command line as a process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

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

/** Of the environment only the path: a developer's own KUBECONFIG or DATABASE_URL must not be used by a test. */
const start = (args: string[], { env = {}, folder }: Surroundings) =>
  spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', BERTH_DATA: '/nonexistent', ...env },
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

/** One that goes on until it is stopped, read line by line. */
export class Watching {
  readonly #child: ReturnType<typeof start>
  readonly #lines: AsyncIterator<string>
  readonly #notes: AsyncIterator<string>

  constructor(args: string[], surroundings: Surroundings) {
    this.#child = start(args, surroundings)
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

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGINT')
    await closed
  }
}

async function next(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next()
  if (done) throw new Error('it has ended')
  return value
}
