/**
 * A whole Berth of the harness' own: real processes in a data folder, and a Postgres that can be down for long. All that its
 * parts say to one another goes through lines that the harness can break.
 */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { TenantKind, TierKind } from '@berth/core/model/kind.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { type Berth, startBerth } from '@berth/local/compose.ts'
import { ensureDatabase } from '@berth/local/database.ts'
import { DatabaseServer } from './database-server.ts'
import { type LocalBerth, localProcessOf } from './local-berth.ts'
import type { Population } from './population.ts'
import { Surroundings, type Wanted } from './surroundings/surroundings.ts'
import { LIMITS, untilTiersAreTakenUp } from './tiers.ts'

export class OwnBerth implements LocalBerth {
  readonly isShared = false
  readonly webhookHost = '127.0.0.1'
  readonly processOf = localProcessOf
  readonly surroundings: Surroundings
  readonly database: DatabaseServer
  readonly #berth: Berth

  private constructor(surroundings: Surroundings, database: DatabaseServer, berth: Berth) {
    this.surroundings = surroundings
    this.database = database
    this.#berth = berth
  }

  static async start(
    dataDir: string,
    tell: (line: string) => void,
    signal?: AbortSignal,
    wanted: Wanted = {},
  ): Promise<OwnBerth> {
    const surroundings = await Surroundings.make(dataDir, wanted)
    try {
      const database = await DatabaseServer.start(surroundings.postgresDir)
      try {
        const databaseUrl = await ensureDatabase(database.url)
        const environment = surroundings.environment(databaseUrl)
        const options = { dataDir, databaseUrl, anyPorts: true, tell, environment }
        return new OwnBerth(surroundings, database, await startBerth({ ...options, ...(signal && { signal }) }))
      } catch (error) {
        await database.stop()
        throw error
      }
    } catch (error) {
      surroundings.close()
      throw error
    }
  }

  get gatewayUrl(): string {
    return this.#berth.gatewayUrl
  }

  get simulatorUrl(): string {
    return this.#berth.simulatorUrl!
  }

  get kubeconfig(): string {
    return this.#berth.kubeconfig
  }

  get databaseUrl(): string {
    return this.#berth.databaseUrl
  }

  get dataDir(): string {
    return this.#berth.dataDir
  }

  async pids(): Promise<Record<string, number>> {
    return this.#berth.pids()
  }

  stopPostgres(): Promise<void> {
    return this.database.stop()
  }

  startPostgres(): Promise<void> {
    return this.database.restart()
  }

  async makeCustomers(kube: KubeClient, { tenants }: Population): Promise<void> {
    for (const { metadata } of (await kube.list(TierKind)).items) {
      await kube.mergePatch(TierKind, metadata.name!, { spec: { limits: LIMITS } }, { manager: 'chaos' })
    }
    await untilTiersAreTakenUp(kube)
    for (const { name, tier } of tenants) {
      await kube.create(TenantKind, { metadata: { name }, spec: TenantSpec.parse({ tier, displayName: name }) })
    }
  }

  /** All of it was ours. */
  async leave(): Promise<void> {
    try {
      await this.#berth.stop()
      await this.database.stop()
    } finally {
      this.surroundings.close()
    }
  }

  kill(): void {
    this.#berth.kill()
    this.surroundings.close()
  }
}
