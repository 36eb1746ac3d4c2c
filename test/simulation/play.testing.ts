/** Plays the simulation for a test: in a process of its own, as time and chance are replaced in it. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** A seed that goes wrong is made shorter first, which takes minutes. */
export const PATIENCE = 600_000

/** Answers all that it printed; rejects, with that, when something went wrong. */
export function play(...args: string[]): Promise<string> {
  const file = join(import.meta.dirname, 'main.ts')
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  execFile(process.execPath, [file, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, printed, complaints) => {
    if (error) reject(new Error(`${printed}\n${complaints}`))
    else resolve(printed)
  })
  return promise
}
