/**
 * Remembers, in files, which processes we started, so that those that outlive us (we were killed) are found and ended by
 * our next run before it starts their successors.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { identify, isRunning, killAndWait, type ProcessIdentity } from './identity.ts'

export interface Orphan {
  name: string
  identity: ProcessIdentity
}

export class ProcessLedger {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  /** Call it in the same tick as the start: what happens in between leaves an orphan that nobody knows. */
  record(name: string, pid: number): void {
    const identity = identify(pid)
    if (identity) writeFileSync(this.#file(name), JSON.stringify(identity), { mode: 0o600 })
  }

  forget(name: string): void {
    rmSync(this.#file(name), { force: true })
  }

  /** What was recorded under this name; it may have ended since. */
  find(name: string): ProcessIdentity | undefined {
    try {
      return JSON.parse(readFileSync(this.#file(name), 'utf8')) as ProcessIdentity
    } catch {
      return undefined // never recorded, or cut short by a crash of the machine; its processes are gone as well
    }
  }

  /** Kills what is still there of an earlier run; resolves, with what it was, when all of it is gone. */
  async endOrphans(): Promise<Orphan[]> {
    const entries = readdirSync(this.#folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => path.basename(file, '.json'))
    const orphans = entries.flatMap((name) => {
      const identity = this.find(name)
      return identity && isRunning(identity) ? [{ name, identity }] : []
    })
    await Promise.all(orphans.map(({ identity }) => killAndWait(identity)))
    for (const name of entries) this.forget(name)
    return orphans
  }

  #file(name: string): string {
    return path.join(this.#folder, `${name}.json`)
  }
}
