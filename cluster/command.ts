/** Runs a program of the machine and returns what it printed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Where programs are looked for: the folders of an administrator too, which often are not on the PATH. */
export const searchPath = (): string => [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].join(path.delimiter)

/** Throws, with what the program said, when it fails. `input` is given to it as its standard input. */
export async function run(file: string, args: string[], input?: Readable): Promise<string> {
  const child = spawn(file, args, {
    env: { ...process.env, PATH: searchPath() },
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  }
  const closed = once(child, 'close')
  // A program that ends before it has read everything says why itself.
  if (input) pipeline(input, child.stdin!).catch(() => {})
  const [code, signal] = await closed
  if (code === 0) return output.stdout
  const command = [file, ...args].join(' ')
  throw new Error(`${command} ended with ${signal ?? code}: ${output.stderr.trim() || output.stdout.trim()}`)
}

/** Did it end with code 0? */
export async function succeeds(file: string, args: string[]): Promise<boolean> {
  try {
    await run(file, args)
    return true
  } catch {
    return false
  }
}
