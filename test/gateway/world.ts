/** A gateway over a real database, and a real (embedded) Kubernetes API where a test asks for one. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createApiKey } from '@berth/core/crypto/api-key.ts'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { FolderStore } from '@berth/core/media/folder.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { resourceNameOf } from '@berth/core/model/names.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { createLogger, type Logger } from '@berth/core/telemetry/log.ts'
import { buildApp } from '@berth/gateway/app.ts'
import type { App, Holds } from '@berth/gateway/context.ts'
import { createContext } from '@berth/gateway/services.ts'
import type { Targets } from '@berth/gateway/webhooks/targets.ts'
import { startTestPostgres } from '@berth/local/postgres/testing.ts'
import { startTestCluster, type TestCluster } from '../kube-client/cluster.ts'
import { FakeOperator } from './fake-operator.ts'
import { FakeWorker } from './fake-worker.ts'

export interface TestTenant {
  id: string
  name: string
  key: string
}

export interface Answer {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever JSON came
  body: any
  text: string
}

interface Call {
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

interface Options {
  /** Without it there is no Kubernetes API: connections are refused. */
  kubernetes?: boolean
  holds?: Partial<Holds>
  /** In place of the public Internet, files are fetched from this address. */
  filesFrom?: string
  /** Another Graph API than Meta's. */
  graphUrl?: string
  /** Where events may be sent to. */
  webhookTargets?: Targets
  /** Takes the lines of the gateway's log, in place of silence. */
  log?: Logger
}

/** Of the platform's Meta app. */
export const PLATFORM_APP = { verifyToken: 'token of the test', appSecret: 'secret of the test app' }
const KEYS = KeyRing.generate()
export const TOKEN = 'token-of-the-test-installation'

/** Nothing listens there: port 9 is "discard". */
const NO_CLUSTER = { server: 'http://127.0.0.1:9', namespace: 'nowhere', source: 'test' }

function quietLog(): Logger {
  const log = createLogger('gateway')
  log.level = process.env.LOG_LEVEL ?? 'silent'
  return log
}

export class World {
  readonly operatorDb: Pool
  readonly workerDb: Pool
  readonly gatewayDb: Pool
  /** Where files are kept. */
  readonly mediaFolder: string
  readonly cluster: TestCluster | undefined
  readonly operator: FakeOperator | undefined
  readonly app: App
  readonly #closers: (() => Promise<unknown>)[]

  private constructor(
    pools: Record<'operatorDb' | 'workerDb' | 'gatewayDb', Pool>,
    mediaFolder: string,
    app: App,
    kubernetes: { cluster: TestCluster; operator: FakeOperator } | undefined,
    closers: (() => Promise<unknown>)[],
  ) {
    this.operatorDb = pools.operatorDb
    this.workerDb = pools.workerDb
    this.gatewayDb = pools.gatewayDb
    this.mediaFolder = mediaFolder
    this.app = app
    this.cluster = kubernetes?.cluster
    this.operator = kubernetes?.operator
    this.#closers = closers
  }

  static async start({
    kubernetes = false,
    holds = {},
    filesFrom,
    webhookTargets,
    graphUrl,
    log = quietLog(),
  }: Options = {}): Promise<World> {
    const postgres = await startTestPostgres()
    const open = (role: 'berth_operator' | 'berth_worker' | 'berth_gateway') =>
      openPool({ url: postgres.url, role, application: `test-${role}` })
    const [operatorDb, workerDb, gatewayDb] = [open('berth_operator'), open('berth_worker'), open('berth_gateway')]
    for (const { metadata, spec } of defaultTiers) {
      await operatorDb.query('INSERT INTO tier (name, spec) VALUES ($1, $2)', [metadata.name, JSON.stringify(spec)])
    }
    const cluster = kubernetes ? await startTestCluster() : undefined
    const kube = cluster?.client ?? new KubeClient(NO_CLUSTER)
    const installation = await operatorDb.query<{ id: string }>('SELECT id FROM installation')
    const operator = cluster && (await new FakeOperator(operatorDb, kube, installation.rows[0]!.id).start())
    const mediaFolder = await mkdtemp(path.join(tmpdir(), 'berth-test-media-'))
    const context = createContext({
      pool: gatewayDb,
      kube,
      namespace: kube.namespace,
      internalToken: TOKEN,
      log,
      store: new FolderStore(mediaFolder),
      ...(filesFrom && { urls: { isAllowed: (address: string) => address === filesFrom } }),
      channelKeys: KeyRing.parse(KEYS),
      platformApp: PLATFORM_APP,
      graphUrl,
      ...(webhookTargets && { webhookTargets }),
      holds,
    })
    const app = await buildApp(context)
    await app.listen({ host: '127.0.0.1', port: 0 })
    return new World(
      { operatorDb, workerDb, gatewayDb },
      mediaFolder,
      app,
      cluster && operator && { cluster, operator },
      [
        () => app.close(),
        () => context.workers.close(),
        async () => operator?.stop(),
        async () => (cluster ? cluster.close() : kube.close()),
        () => Promise.all([operatorDb.end(), workerDb.end(), gatewayDb.end()]),
        () => postgres.close(),
        () => rm(mediaFolder, { recursive: true, force: true }),
      ],
    )
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close()
  }

  get url(): string {
    return `http://127.0.0.1:${(this.app.server.address() as AddressInfo).port}`
  }

  /** A tenant as the operator mirrors it, with an API key. */
  async addTenant(name: string, { tier = 'max', state = 'Active' } = {}): Promise<TestTenant> {
    const id = randomUUID()
    await this.operatorDb.query(
      'INSERT INTO tenant (id, name, tier, state, resource_uid) VALUES ($1, $2, $3, $4, $1)',
      [id, name, tier, state],
    )
    const { key, hash, hint } = createApiKey()
    await this.operatorDb.query('INSERT INTO api_key (tenant_id, name, hash, hint) VALUES ($1, $2, $3, $4)', [
      id,
      'test',
      hash,
      hint,
    ])
    return { id, name, key }
  }

  /** A session as the operator mirrors it. Answers its id. */
  async addSession(tenant: TestTenant, name: string, desiredState = 'Running', provider = 'Baileys'): Promise<string> {
    const id = randomUUID()
    await this.operatorDb.query(
      `INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state)
       VALUES ($1, $2, $3, $4, $1, $6, $5)`,
      [id, tenant.id, name, resourceNameOf(tenant.name, name), desiredState, provider],
    )
    await this.operatorDb.query('INSERT INTO session_owner (session_id, tenant_id) VALUES ($1, $2)', [id, tenant.id])
    return id
  }

  startWorker(): Promise<FakeWorker> {
    return new FakeWorker(this.workerDb, TOKEN).start()
  }

  /** A session that is linked and connected on a worker. */
  async addConnected(tenant: TestTenant, name: string): Promise<{ id: string; worker: FakeWorker }> {
    const id = await this.addSession(tenant, name)
    const worker = await this.startWorker()
    await worker.claim(id, 1)
    await worker.connect(id)
    return { id, worker }
  }

  /** What the operator does to a boot that it gives up. */
  async revoke(worker: FakeWorker): Promise<void> {
    await this.operatorDb.query(
      `UPDATE worker_lease SET revoked_at = now(), revoked_reason = 'test' WHERE boot_id = $1`,
      [worker.bootId],
    )
  }

  /** One request; `PUT /v1/…` as a tenant, or as nobody. */
  async call(
    tenant: TestTenant | undefined,
    request: string,
    { body, headers = {}, signal }: Call = {},
  ): Promise<Answer> {
    const [method, path] = request.split(' ')
    const response = await fetch(this.url + path, {
      method: method!,
      headers: {
        ...(tenant && { authorization: `Bearer ${tenant.key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    })
    const text = await response.text()
    const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined, text }
  }
}
