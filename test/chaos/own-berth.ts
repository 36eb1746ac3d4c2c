/** A whole Berth of the harness' own: real processes in a data folder, and a Postgres that can be down for long. */
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { TenantKind, TierKind } from '@berth/core/model/kind.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { type Berth, startBerth } from '@berth/local/compose.ts'
import { ensureDatabase } from '@berth/local/database.ts'
import { DatabaseServer } from './database-server.ts'
import { type LocalBerth, localProcessOf } from './local-berth.ts'
import type { Population } from './population.ts'
import { LIMITS, untilTiersAreTakenUp } from './tiers.ts'

export class OwnBerth implements LocalBerth {
  readonly isShared = false
  readonly processOf = localProcessOf
  readonly database: DatabaseServer
  readonly #berth: Berth

  private constructor(database: DatabaseServer, berth: Berth) {
    this.database = database
    this.#berth = berth
  }

  static async start(dataDir: string, tell: (line: string) => void, signal?: AbortSignal): Promise<OwnBerth> {
    await chmod(dataDir, 0o711) // as root, Postgres runs as another user, who must get through
    const database = await DatabaseServer.start(join(dataDir, 'postgres'))
    try {
      const databaseUrl = await ensureDatabase(database.url)
      const berth = await startBerth({ dataDir, databaseUrl, anyPorts: true, tell, ...(signal && { signal }) })
      return new OwnBerth(database, berth)
    } catch (error) {
      await database.stop()
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
    await this.#berth.stop()
    await this.database.stop()
  }

  kill(): void {
    this.#berth.kill()
  }
}
