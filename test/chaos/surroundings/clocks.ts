/**
 * Clocks of the parts of a Berth that can be set while they run: libfaketime, loaded before each process, adds what stands
 * in a file to the time of day. Clocks that only count (CLOCK_MONOTONIC) stay as they are, as on a machine whose time is set.
 */
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const PARTS = ['operator', 'gateway', 'worker'] as const
export type Part = (typeof PARTS)[number]

/** Where Debian puts it, by architecture; it is made for programs of several threads. */
const LIBRARIES = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketimeMT.so.1`)
/** Each process looks into its file that often. */
const SEEN_AFTER_S = 1

const library = (): string | undefined => LIBRARIES.find(existsSync)

/** Why clocks can't be set here, and what to do. */
export const clocksMissing = (): string | undefined =>
  library() ? undefined : 'libfaketime is not installed (Debian: apt-get install libfaketime)'

export class Clocks {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(folder: string): Promise<Clocks> {
    await mkdir(folder, { mode: 0o755 })
    const clocks = new Clocks(folder)
    for (const part of PARTS) await clocks.set(part, 0)
    return clocks
  }

  environmentOf(part: Part): Record<string, string> {
    return {
      LD_PRELOAD: library()!,
      FAKETIME_TIMESTAMP_FILE: this.#fileOf(part),
      FAKETIME_CACHE_DURATION: String(SEEN_AFTER_S),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  }

  /** From now on (within a second) the part takes it to be so many seconds later than it is, or earlier. */
  async set(part: Part, seconds: number): Promise<void> {
    const file = this.#fileOf(part)
    await writeFile(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`)
    await rename(`${file}.new`, file) // whole, or not at all
  }

  #fileOf(part: Part): string {
    return join(this.#folder, part)
  }
}
