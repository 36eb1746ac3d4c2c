/** The operator's guard alone, for tests that play the rest of the operator themselves. */
import { randomUUID } from 'node:crypto'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import type { Lead } from '@berth/operator/database.ts'
import { DatabaseGuard } from '@berth/operator/database-guard.ts'
import { KeepsakeStore } from '@berth/operator/keepsake.ts'
import { PostgresLead } from '@berth/operator/lead.ts'
import { poll, type Reading } from '@berth/operator/poll.ts'
import { until } from '../worker/until.ts'

/** On a busy machine. */
const WAIT_S = 120

export class Watchman {
  readonly #pool: Pool
  readonly #client: KubeClient
  readonly #guard: DatabaseGuard
  readonly #canary = randomUUID()
  #lead: Lead | undefined

  private constructor(pool: Pool, client: KubeClient) {
    this.#pool = pool
    this.#client = client
    const log = createLogger('test').child({}, { level: process.env.LOG_LEVEL ?? 'silent' })
    this.#guard = new DatabaseGuard({ keepsake: new KeepsakeStore(client), events: { record: () => {} }, log })
  }

  static async start(databaseUrl: string, kubeconfig: string): Promise<Watchman> {
    const pool = openPool({ url: databaseUrl, role: 'berth_operator', application: 'test-watchman' })
    return new Watchman(pool, new KubeClient(await loadKubeConfig({ kubeconfig }), { component: 'test' }))
  }

  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#client.close()])
  }

  /** Looks until the database is trusted; answers its incarnation. */
  untilTrusted(): Promise<number> {
    return until(async () => {
      try {
        return await this.#look()
      } catch {
        this.#lead = undefined // it went back to who led before
        return undefined
      }
    }, WAIT_S)
  }

  async #look(): Promise<number | undefined> {
    this.#lead ??= await PostgresLead.take(this.#pool)
    const { items: sessions } = await this.#client.list(SessionKind)
    const reading = await poll(this.#pool, this.#canary)
    this.#guard.observe(reading)
    const sight = { lead: this.#lead, reading, sessions, boots: newestBoots(reading), now: performance.now() }
    const { is } = await this.#guard.look(sight)
    return is === 'trusted' ? reading.trust.incarnation : undefined
  }
}

const newestBoots = ({ leases }: Reading) => {
  const byPod = Map.groupBy(leases, ({ podUid }) => podUid)
  return [...byPod.values()]
    .map((boots) => boots.sort((a, b) => b.bootNumber - a.bootNumber)[0]!)
    .filter(({ open }) => open)
}
