/** A Berth that another process runs from a data folder: finds it, and asks it what control.ts can be asked. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ControlAddress, Whereabouts } from './control.ts'
import type { RunInfo } from './lock.ts'

const TIMEOUT_MS = 30_000

export class RunningBerth {
  readonly #at: ControlAddress

  constructor(at: ControlAddress) {
    this.#at = at
  }

  where(): Promise<Whereabouts> {
    return this.#ask('GET', '/')
  }

  /** Until `resumePostgres`; should nobody come to say that, it comes back by itself. Resolves when it is down. */
  async pausePostgres(): Promise<void> {
    await this.#ask('POST', '/postgres/pause')
  }

  /** Resolves when it takes connections again. */
  async resumePostgres(): Promise<void> {
    await this.#ask('POST', '/postgres/resume')
  }

  async #ask<T>(method: string, what: string): Promise<T> {
    const { url, token } = this.#at
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(url + what, { method, headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) throw new Error(`Berth answered ${response.status} to ${what}: ${await response.text()}`)
    return (await response.json()) as T
  }
}

/** undefined: none runs there, or it is still starting or already stopping. */
export async function findRunning(dataDir: string): Promise<RunningBerth | undefined> {
  const text = await readFile(path.join(dataDir, 'run', 'running.json'), 'utf8').catch(() => undefined)
  const control = text === undefined ? undefined : (JSON.parse(text) as RunInfo).control
  if (!control) return undefined
  const running = new RunningBerth(control)
  // One that was killed leaves its file behind.
  return running.where().then(
    () => running,
    () => undefined,
  )
}
