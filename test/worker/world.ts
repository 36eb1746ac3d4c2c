/** Workers against real parts: Postgres, the Kubernetes API, the WhatsApp simulator. The test plays operator and gateway. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { CLOUD_API } from '@berth/core/cloud-api/channel.ts'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { FolderStore } from '@berth/core/media/folder.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { SessionSpec } from '@berth/core/model/session.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { startTestPostgres } from '@berth/local/postgres/testing.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { type Simulator, startSimulator } from '@berth/simulator/server.ts'
import { baileysDrivers } from '@berth/worker/drivers/baileys/driver.ts'
import { cloudApiDrivers } from '@berth/worker/drivers/cloud-api/driver.ts'
import { driversBy } from '@berth/worker/drivers/drivers.ts'
import { type RunningWorker, startWorker } from '@berth/worker/worker.ts'
import { startTestCluster } from '../kube-client/cluster.ts'
import { testPool } from '../postgres/pools.ts'
import { seedSession } from '../postgres/seed.ts'
import { TestSession } from './test-session.ts'
import { until } from './until.ts'

export const TOKEN = 'token-of-the-test-installation'
const TENANT = 'acme'

export interface TestWorker extends RunningWorker {
  name: string
  podUid: string
  /** Why it died by itself. */
  dead: Promise<string>
}

/** URLs through which a worker reaches its servers, so that a test can cut it off. */
interface Proxies {
  postgres?: string
  kubernetes?: string
  /** A store in place of the usual one. */
  media?: MediaStore
}

export class World {
  readonly databaseUrl: string
  readonly simulator: Simulator
  readonly whatsapp: SimulatorClient
  readonly #operator: Pool
  readonly #gateway: Pool
  readonly #client: KubeClient
  readonly #kube: Awaited<ReturnType<typeof startTestCluster>>
  readonly #ring = KeyRing.generate()
  /** BERTH_CHANNEL_KEYS. */
  readonly channelKeys = KeyRing.generate()
  readonly graphUrl: string | undefined
  /** Holds what the simulator remembers. */
  readonly dataDir: string
  /** Where files are kept. */
  readonly media: MediaStore
  readonly #mediaFolder: string
  readonly #closers: (() => Promise<unknown>)[]
  readonly #workers = new Set<TestWorker>()
  /** Paths, by the API server's URL. */
  readonly #kubeconfigs = new Map<string, Promise<string>>()

  private constructor(
    dataDir: string,
    databaseUrl: string,
    simulator: Simulator,
    kube: Awaited<ReturnType<typeof startTestCluster>>,
    pools: { operator: Pool; gateway: Pool },
    closers: (() => Promise<unknown>)[],
    graphUrl: string | undefined,
  ) {
    this.graphUrl = graphUrl
    this.dataDir = dataDir
    this.#mediaFolder = path.join(dataDir, 'media')
    this.media = new FolderStore(this.#mediaFolder)
    this.databaseUrl = databaseUrl
    this.simulator = simulator
    this.whatsapp = new SimulatorClient(simulator.url)
    this.#kube = kube
    this.#client = kube.client
    this.#operator = pools.operator
    this.#gateway = pools.gateway
    this.#closers = closers
  }

  /** @param graphUrl of a stand-in of Meta's API */
  static async start(graphUrl?: string): Promise<World> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'berth-test-worker-'))
    const [postgres, kube, simulator] = await Promise.all([
      startTestPostgres(),
      startTestCluster(),
      startSimulator({ dataDir }),
    ])
    const open = (role: 'berth_operator' | 'berth_gateway') => testPool(postgres.url, role)
    const pools = { operator: open('berth_operator'), gateway: open('berth_gateway') }
    return new World(
      dataDir,
      postgres.url,
      simulator,
      kube,
      pools,
      [
        () => Promise.all([pools.operator.end(), pools.gateway.end()]),
        () => simulator.close(),
        () => kube.close(),
        () => postgres.close(),
        () => rm(dataDir, { recursive: true, force: true }),
      ],
      graphUrl,
    )
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.stop()
    for (const close of this.#closers) await close()
  }

  get kubernetesUrl(): string {
    return this.#kube.config.server
  }

  /** A worker in this process. The same `pod` again is a new boot of the pod. */
  async startWorker(
    pod: { name: string; podUid: string } = { name: `worker-${randomBytes(3).toString('hex')}`, podUid: randomUUID() },
    through: Proxies = {},
  ): Promise<TestWorker> {
    const log = createLogger('worker')
    log.level = process.env.LOG_LEVEL ?? 'silent'
    const dead = Promise.withResolvers<string>()
    const { mediaCertificate: certificate } = await this.whatsapp.info()
    const rootKey = Buffer.from(this.simulator.rootPublicKey)
    const whatsapp = { url: this.simulator.websocketUrl, rootKey, certificate }
    const running = await startWorker({
      config: {
        worker: pod.name,
        podUid: pod.podUid,
        namespace: this.#client.namespace,
        podIp: '127.0.0.1',
        port: 0,
        databaseUrl: through.postgres ? withServer(this.databaseUrl, through.postgres) : this.databaseUrl,
        encryptionKeys: KeyRing.parse(this.#ring),
        channelKeys: KeyRing.parse(this.channelKeys),
        internalToken: TOKEN,
        whatsapp,
        media: through.media ?? this.media,
        stopMs: 10_000,
      },
      kube: through.kubernetes ? { ...this.#kube.config, server: through.kubernetes } : this.#kube.config,
      drivers: driversBy({
        Baileys: baileysDrivers(whatsapp),
        [CLOUD_API]: cloudApiDrivers({ url: this.graphUrl }),
      }),
      onDead: dead.resolve,
      log,
    })
    const worker: TestWorker = {
      ...running,
      ...pod,
      dead: dead.promise,
      stop: async (how) => {
        this.#workers.delete(worker)
        await running.stop(how)
      },
    }
    this.#workers.add(worker)
    return worker
  }

  /** A session of the tenant, mirrored, but not placed yet. */
  async addSession(name: string, provider = 'Baileys'): Promise<TestSession> {
    const { sessionId, tenantId } = await seedSession(this.#operator, { tenant: TENANT, name, provider })
    const resource = await this.#client.create(SessionKind, {
      metadata: { name: `${TENANT}.${name}` },
      spec: { tenant: TENANT } as SessionSpec,
    })
    await this.#client.apply(
      SessionKind,
      { metadata: { name: resource.metadata.name }, status: { id: sessionId } },
      { manager: 'test-operator', subresource: 'status', force: true },
    )
    return new TestSession(this, this.#client, this.#gateway, { sessionId, tenantId, name: resource.metadata.name })
  }

  /** What the kubelet gives a worker's process. */
  async environmentOf(
    pod: { name: string; podUid: string },
    through: Pick<Proxies, 'kubernetes'> = {},
  ): Promise<Record<string, string>> {
    return {
      POD_NAME: pod.name,
      POD_UID: pod.podUid,
      POD_NAMESPACE: this.#client.namespace,
      POD_IP: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: this.databaseUrl,
      BERTH_ENCRYPTION_KEYS: this.#ring,
      BERTH_CHANNEL_KEYS: this.channelKeys,
      ...(this.graphUrl && { BERTH_GRAPH_URL: this.graphUrl }),
      BERTH_INTERNAL_TOKEN: TOKEN,
      BERTH_WHATSAPP_URL: this.simulator.websocketUrl,
      BERTH_WHATSAPP_ROOT: Buffer.from(this.simulator.rootPublicKey).toString('base64'),
      BERTH_WHATSAPP_CERTIFICATE: Buffer.from((await this.whatsapp.info()).mediaCertificate).toString('base64'),
      BERTH_MEDIA_URL: pathToFileURL(this.#mediaFolder).href,
      KUBECONFIG: await this.#kubeconfigFor(through.kubernetes ?? this.kubernetesUrl),
    }
  }

  /** Where the pod's newest boot is reached, when it has opened its lease. */
  addressOf(pod: { podUid: string }): Promise<{ address: string }> {
    return until(async () => {
      const rows = await this.sql<{ address: string }>(
        'SELECT address FROM worker_lease WHERE pod_uid = $1 ORDER BY boot_number DESC LIMIT 1',
        pod.podUid,
      )
      return rows[0]
    })
  }

  /** A file that says how to reach the Kubernetes API of this test. */
  /** Written once: a process that starts may be reading it. */
  #kubeconfigFor(server: string): Promise<string> {
    const written = this.#kubeconfigs.get(server) ?? this.#writeKubeconfig(server)
    this.#kubeconfigs.set(server, written)
    return written
  }

  async #writeKubeconfig(server: string): Promise<string> {
    const { ca, token, namespace } = this.#kube.config
    const file = path.join(this.dataDir, `kubeconfig-${new URL(server).port}`)
    const cluster = { server, ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}) }
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace } }],
    }
    await writeFile(file, JSON.stringify(config))
    return file
  }

  /** What the operator does to a boot that it gives up. */
  async revoke(worker: TestWorker): Promise<void> {
    await this.sql(
      `UPDATE worker_lease SET revoked_at = now(), revoked_reason = 'test' WHERE boot_id = $1`,
      worker.bootId,
    )
  }

  /** As the operator's role. */
  async sql<Row extends object>(text: string, ...values: unknown[]): Promise<Row[]> {
    return (await this.#operator.query<Row>(text, values)).rows
  }

  async call(worker: { address: string }, request: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const [method, where] = request.split(' ')
    const response = await fetch(worker.address + where, {
      method: method!,
      headers: { authorization: `Bearer ${TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    return { status: response.status, body: text && JSON.parse(text) }
  }
}

/** The same database, reached through another host and port. */
function withServer(databaseUrl: string, server: string): string {
  const url = new URL(databaseUrl)
  url.host = new URL(server).host
  return url.href
}
