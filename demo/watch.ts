/** Looks, several times a second, where every session is and whether its connection stands. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Arrivals } from '@berth/test/chaos/arrivals.ts'
import type { Installation } from '@berth/test/chaos/installation.ts'
import type { Traffic } from '@berth/test/chaos/traffic.ts'
import type { Counts, Place } from './view.ts'

const LOOK_MS = 200

export class Watch {
  readonly #installation: Installation
  readonly #traffic: Traffic
  readonly #arrivals: Arrivals
  readonly #stopping = new AbortController()
  #watching: Promise<void> | undefined

  constructor(installation: Installation, traffic: Traffic, arrivals: Arrivals) {
    this.#installation = installation
    this.#traffic = traffic
    this.#arrivals = arrivals
  }

  start(show: (places: Place[], counts: Counts) => void): void {
    this.#watching = this.#watch(show)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#watching
  }

  counts(): Counts {
    const { sent, written } = this.#traffic
    const through = Map.groupBy(this.#arrivals.since(0), ({ way }) => way)
    return {
      sent: sent.filter(({ acceptedAt }) => acceptedAt !== undefined).length,
      delivered: through.get('out')?.length ?? 0,
      written: written.length,
      received: through.get('in')?.length ?? 0,
    }
  }

  async #watch(show: (places: Place[], counts: Counts) => void): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      // What does not answer right now is asked again in the next turn.
      await this.#places().then(
        (places) => show(places, this.counts()),
        () => {},
      )
      await delay(LOOK_MS, undefined, { signal }).catch(() => {})
    }
  }

  async #places(): Promise<Place[]> {
    const { accounts, simulator } = this.#installation
    const [devices, sessions] = await Promise.all([simulator.devices(), this.#installation.sessions()])
    const active = new Set(devices.filter((device) => device.active).map(({ number }) => number))
    return accounts.map(({ tenant, session, number }) => ({
      session: `${tenant}/${session}`,
      worker: sessions.get(number)?.status?.placement?.worker,
      isConnected: active.has(number),
    }))
  }
}
