/** An installation for tests: Kubernetes API, Postgres, a fake node, and real operators in this process. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeClient } from '@berth/core/kube/client.ts'
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { Event } from '@berth/core/model/builtin.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { EventKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { type Tenant, TenantSpec } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { Operator } from '@berth/operator/operator.ts'
import { postgresDatabase } from '@berth/operator/postgres.ts'
import { startTestCluster, TEST_QPS, type TestCluster } from '../kube-client/cluster.ts'
import { FakeNode } from './fake-node.ts'
import { type Fate, FatefulClient, fatefulDatabase } from './fate.ts'

/** On a busy machine. */
const WAIT_MS = 120_000
/** Nobody logs in here. */
const LOGINS = { rate: 20, burst: 100 }

export interface RunningOperator {
  operator: Operator
  client: KubeClient
  /** Cuts it off from both servers, as if its machine had lost the network. */
  cutOff(): Promise<void>
  stop(): Promise<void>
}

/** It was waited for in vain. */
export class NotSeen extends Error {}

export class Installation {
  readonly cluster: TestCluster
  readonly database: TestDatabase
  readonly node: FakeNode
  /** As the operator's role. */
  readonly pool: Pool
  readonly operators: RunningOperator[] = []

  private constructor(cluster: TestCluster, database: TestDatabase) {
    this.cluster = cluster
    this.database = database
    this.node = new FakeNode(cluster.client, database.url)
    this.pool = openPool({ url: database.url, role: 'berth_operator', application: 'test' })
  }

  /** `kubeconfig`: of a Kubernetes API of the test's own. */
  static async start(kubeconfig?: string): Promise<Installation> {
    const [cluster, database] = await Promise.all([startTestCluster(kubeconfig), startTestPostgres()])
    return new Installation(cluster, database)
  }

  /** `fate`: what befalls it, unless it is sooner done. `Client`: another one than the usual. */
  startOperator(name = 'operator', fate?: Fate, Client = KubeClient): RunningOperator {
    const options = { component: 'operator', qps: TEST_QPS }
    const { config } = this.cluster
    const client = fate ? new FatefulClient(config, options, fate) : new Client(config, options)
    const pool = openPool({ url: this.database.url, role: 'berth_operator', application: name })
    const database = postgresDatabase(pool, LOGINS)
    const operator = new Operator({
      client,
      database: fate ? fatefulDatabase(database, fate) : database,
      log: createLogger('operator').child({}, { level: process.env.LOG_LEVEL ?? 'silent' }),
      config: {
        databaseUrl: this.database.url,
        workerImage: 'berth/worker:test',
        workerSecret: 'berth-worker',
        workerPod: {},
        logins: LOGINS,
        podName: name,
        host: '127.0.0.1',
        port: 0,
      },
    })
    operator.start()
    let open = true
    const close = async () => {
      if (!open) return
      open = false
      await Promise.all([client.close(), pool.end()])
    }
    const running = {
      operator,
      client,
      cutOff: close,
      async stop() {
        await operator.stop()
        await close()
      },
    }
    this.operators.push(running)
    return running
  }

  async close(): Promise<void> {
    await Promise.all(this.operators.map((running) => running.stop()))
    await this.node.close()
    await this.pool.end()
    await Promise.all([this.cluster.close(), this.database.close()])
  }

  // What people do ---------------------------------------------------------------------------------------------------

  /** One of the default tiers, under a name of the test's own. */
  async createTier(name: string, kind: 'basic' | 'pro' | 'max', change: (spec: Tier['spec']) => void = () => {}) {
    const spec = structuredClone(defaultTiers.find(({ metadata }) => metadata.name === kind)!.spec)
    change(spec)
    await this.cluster.client.create(TierKind, { metadata: { name }, spec })
  }

  async createTenant(name: string, tier: string, more: Partial<TenantSpec> = {}): Promise<void> {
    await this.cluster.client.create(TenantKind, { metadata: { name }, spec: TenantSpec.parse({ tier, ...more }) })
  }

  async createSession(name: string, tenant: string, more: object = {}): Promise<void> {
    const spec = SessionSpec.parse({ tenant, ...more })
    await this.cluster.client.create(SessionKind, { metadata: { name }, spec })
  }

  // What people see --------------------------------------------------------------------------------------------------

  session = (name: string): Promise<WhatsAppSession | undefined> => this.cluster.client.get(SessionKind, name)
  tenant = (name: string): Promise<Tenant | undefined> => this.cluster.client.get(TenantKind, name)
  worker = (name: string): Promise<Worker | undefined> => this.cluster.client.get(WorkerKind, name)

  /** Workers of a tier, by name. */
  async workers(tier: string): Promise<Worker[]> {
    const { items } = await this.cluster.client.list(WorkerKind)
    return items.filter(({ spec }) => spec.tier === tier).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  }

  async events(name: string): Promise<Event[]> {
    const { items } = await this.cluster.client.list(EventKind)
    return items.filter(({ involvedObject }) => involvedObject.name === name)
  }

  /** Waits until `look` answers something; its own words are in the failure. */
  async until<T>(
    what: string,
    look: () => Promise<T | undefined | false>,
    { waitMs = WAIT_MS, everyMs = 50 } = {},
  ): Promise<T> {
    const deadline = Date.now() + waitMs
    while (Date.now() < deadline) {
      const found = await look()
      if (found) return found
      await sleep(everyMs)
    }
    const { items } = await this.cluster.client.list(SessionKind)
    const states = items.map(({ metadata, status }) => [
      metadata.name,
      status?.placement?.worker,
      getCondition(status?.conditions, 'Ready'),
    ])
    throw new NotSeen(`not seen in ${waitMs} ms: ${what}\n${JSON.stringify(states)}\n${this.node.failures.join('\n')}`)
  }

  untilConnected(name: string, where: (worker: string) => boolean = () => true): Promise<WhatsAppSession> {
    return this.untilReason(name, 'Connected', where)
  }

  untilReason(name: string, reason: string, where: (worker: string) => boolean = () => true): Promise<WhatsAppSession> {
    return this.until(`${name} with reason ${reason}`, async () => {
      const session = await this.session(name)
      const placed = reason !== 'Connected' || where(session?.status?.placement?.worker ?? '')
      return placed && getCondition(session?.status?.conditions, 'Ready')?.reason === reason && session
    })
  }

  /** Warm workers, so that a failover finds a place. */
  untilReady(tier: string, count: number): Promise<Worker[]> {
    return this.until(`${count} ready workers of ${tier}`, async () => {
      const ready = (await this.workers(tier)).filter(
        ({ status, metadata }) =>
          !metadata.deletionTimestamp && getCondition(status?.conditions, 'Ready')?.status === 'True',
      )
      return ready.length >= count && ready
    })
  }

  async lease(podUid: string): Promise<{ revoked: boolean; reason: string | null; ended: boolean }[]> {
    const { rows } = await this.pool.query(
      `SELECT revoked_at IS NOT NULL AS revoked, revoked_reason AS reason, ended_at IS NOT NULL AS ended
       FROM worker_lease WHERE pod_uid = $1 ORDER BY boot_number`,
      [podUid],
    )
    return rows
  }

  async sessionRow(id: string): Promise<{ deleted: boolean } | undefined> {
    const { rows } = await this.pool.query('SELECT deleted_at IS NOT NULL AS deleted FROM session WHERE id = $1', [id])
    return rows[0]
  }
}

/** For tests that share the machine with one another. */
export const PATIENCE = { timeout: 240_000 }

/** A name that no other test has. */
export const fresh = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 6)}`
