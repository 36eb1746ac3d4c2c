/** A person's terminal: one bash, into which one block after the other is pasted, so that what a block exports stays. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Block } from './blocks.ts'

const PATIENCE_MS = 60_000

export class Terminal {
  readonly #bash: ChildProcessWithoutNullStreams
  readonly #scratch: string
  readonly #ended: Promise<string>
  #output = ''
  #errors = ''
  #told: () => void = () => {}

  /**
   * Of the environment only what programs need to run: a developer's own DATABASE_URL must not be used by a test.
   * @param scratch a folder for what is pasted
   */
  constructor(folder: string, scratch: string, env: Record<string, string>) {
    this.#scratch = scratch
    const { PATH, HOME } = process.env
    this.#bash = spawn('bash', ['-eo', 'pipefail'], { cwd: folder, env: { PATH, HOME, ...env }, detached: true })
    this.#bash.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
      this.#told()
    })
    this.#bash.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    this.#ended = new Promise((resolve) =>
      this.#bash.once('close', (code, by) => resolve(`it ended with ${code ?? by}`)),
    )
  }

  /** Shell here, TypeScript in the clone's Node. Answers what it prints. Throws, with all that it said, when it fails. */
  async paste({ language, text }: Pick<Block, 'language' | 'text'>): Promise<string> {
    const file = join(this.#scratch, 'block')
    await writeFile(file, text)
    if (language === 'sh') return this.#run(`eval "$(cat '${file}')" < /dev/null`)
    return this.#run(`'${process.execPath}' --input-type=module-typescript < '${file}'`)
  }

  /** With whatever it has begun. */
  async close(): Promise<void> {
    if (this.#bash.exitCode === null && this.#bash.signalCode === null) process.kill(-this.#bash.pid!, 'SIGKILL')
    await this.#ended
  }

  async #run(command: string): Promise<string> {
    const end = randomUUID()
    this.#output = ''
    this.#errors = ''
    this.#bash.stdin.write(`${command}\necho ${end}\n`)
    const isDone = () => this.#output.endsWith(`${end}\n`)
    const done = new Promise<undefined>((resolve) => {
      this.#told = () => isDone() && resolve(undefined)
    })
    const late = AbortSignal.timeout(PATIENCE_MS)
    const tooLong = new Promise<string>((resolve) => late.addEventListener('abort', () => resolve('it takes too long')))
    const failure = await Promise.race([done, this.#ended, tooLong])
    if (failure) throw new Error(`${failure}\n${this.#output}\n${this.#errors}`)
    return this.#output.slice(0, -end.length - 1)
  }
}
