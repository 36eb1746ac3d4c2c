/** Watches for anything that would make a person scan a code again. From the moment when all accounts are linked. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Installation } from './installation.ts'
import type { ScanWanted } from './records.ts'

const POLL_MS = 200
const STATES = new Set(['WaitingForScan', 'LoggedOut'])

export class ScanWatch {
  readonly seen: ScanWanted[] = []
  readonly #installation: Installation
  readonly #stopping = new AbortController()
  readonly #known = new Set<string>()
  #watching: Promise<void> | undefined

  constructor(installation: Installation) {
    this.#installation = installation
  }

  start(): void {
    this.#watching = this.#watch()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#watching
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      // Who does not answer now is asked in the next turn: the Kubernetes API may well be away.
      await Promise.allSettled([this.#lookAtSimulator(), this.#lookAtStates()])
      await delay(POLL_MS, undefined, { signal }).catch(() => {})
    }
  }

  async #lookAtSimulator(): Promise<void> {
    if (this.#installation.berth.isShared) return // others may well link a phone meanwhile
    for (const { connection, since } of await this.#installation.simulator.waiting()) {
      this.#note(since, `connection ${connection} showed a code to scan`)
    }
  }

  async #lookAtStates(): Promise<void> {
    for (const [number, { status }] of await this.#installation.sessions()) {
      const { state, since } = status?.connection ?? {}
      if (state && since && STATES.has(state)) this.#note(Date.parse(since), `${number} was ${state} at ${since}`)
    }
  }

  #note(at: number, what: string): void {
    if (this.#known.has(what)) return
    this.#known.add(what)
    this.seen.push({ at, what })
  }
}
