/** Workers against real parts: Postgres, the Kubernetes API, the WhatsApp simulator. The test plays operator and gateway. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { SessionSpec, WhatsAppSession } from '@berth/core/model/session.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { startTestPostgres } from '@berth/local/postgres/testing.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { type Simulator, startSimulator } from '@berth/simulator/server.ts'
import { baileysDrivers } from '@berth/worker/drivers/baileys/driver.ts'
import { type RunningWorker, startWorker } from '@berth/worker/worker.ts'
import { startTestCluster } from '../kube-client/cluster.ts'
import { seedSession } from '../postgres/seed.ts'

const TOKEN = 'token-of-the-test-installation'
export const TENANT = 'acme'

/** Asks again and again, until the answer is not undefined. */
export async function until<T>(ask: () => Promise<T | undefined> | T | undefined, seconds = 20): Promise<T> {
  const deadline = AbortSignal.timeout(seconds * 1000)
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (deadline.aborted) throw new Error(`not within ${seconds} s: ${ask}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export interface MessageRow {
  id: string
  chat: string
  whatsapp_id: string
  from_me: boolean
  sender_phone: string | null
  sender_name: string | null
  type: string
  content: { text?: string; kind?: string }
  status: string
  error_code: string | null
}

export interface TestWorker extends RunningWorker {
  name: string
  podUid: string
  /** Why it died by itself. */
  dead: Promise<string>
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
  readonly #dataDir: string
  readonly #closers: (() => Promise<unknown>)[]
  readonly #workers = new Set<TestWorker>()

  private constructor(
    dataDir: string,
    databaseUrl: string,
    simulator: Simulator,
    kube: Awaited<ReturnType<typeof startTestCluster>>,
    pools: { operator: Pool; gateway: Pool },
    closers: (() => Promise<unknown>)[],
  ) {
    this.#dataDir = dataDir
    this.databaseUrl = databaseUrl
    this.simulator = simulator
    this.whatsapp = new SimulatorClient(simulator.url)
    this.#kube = kube
    this.#client = kube.client
    this.#operator = pools.operator
    this.#gateway = pools.gateway
    this.#closers = closers
  }

  static async start(): Promise<World> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'berth-test-worker-'))
    const [postgres, kube, simulator] = await Promise.all([
      startTestPostgres(),
      startTestCluster(),
      startSimulator({ dataDir }),
    ])
    const open = (role: 'berth_operator' | 'berth_gateway') =>
      openPool({ url: postgres.url, role, application: `test-${role}` })
    const pools = { operator: open('berth_operator'), gateway: open('berth_gateway') }
    return new World(dataDir, postgres.url, simulator, kube, pools, [
      () => Promise.all([pools.operator.end(), pools.gateway.end()]),
      () => simulator.close(),
      () => kube.close(),
      () => postgres.close(),
      () => rm(dataDir, { recursive: true, force: true }),
    ])
  }

  async close(): Promise<void> {
    for (const worker of this.#workers) await worker.stop()
    for (const close of this.#closers) await close()
  }

  /** A worker in this process. The same `pod` again is a new boot of the pod. `server`: a proxy before Postgres. */
  async startWorker(
    pod: { name: string; podUid: string } = { name: `worker-${randomBytes(3).toString('hex')}`, podUid: randomUUID() },
    server?: string,
  ): Promise<TestWorker> {
    const log = createLogger('worker')
    log.level = process.env.LOG_LEVEL ?? 'silent'
    const dead = Promise.withResolvers<string>()
    const whatsapp = { url: this.simulator.websocketUrl, rootKey: Buffer.from(this.simulator.rootPublicKey) }
    const running = await startWorker({
      config: {
        worker: pod.name,
        podUid: pod.podUid,
        namespace: this.#client.namespace,
        podIp: '127.0.0.1',
        port: 0,
        databaseUrl: server ? withServer(this.databaseUrl, server) : this.databaseUrl,
        encryptionKeys: KeyRing.parse(this.#ring),
        internalToken: TOKEN,
        whatsapp,
        stopMs: 10_000,
      },
      kube: this.#kube.config,
      drivers: baileysDrivers(whatsapp),
      onDead: dead.resolve,
      log,
    })
    const worker: TestWorker = {
      ...running,
      ...pod,
      dead: dead.promise,
      stop: async () => {
        this.#workers.delete(worker)
        await running.stop()
      },
    }
    this.#workers.add(worker)
    return worker
  }

  /** A session of the tenant, mirrored, but not placed yet. */
  async addSession(name: string): Promise<TestSession> {
    const { sessionId, tenantId } = await seedSession(this.#operator, { tenant: TENANT, name })
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
  async environmentOf(pod: { name: string; podUid: string }): Promise<Record<string, string>> {
    return {
      POD_NAME: pod.name,
      POD_UID: pod.podUid,
      POD_NAMESPACE: this.#client.namespace,
      POD_IP: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: this.databaseUrl,
      BERTH_ENCRYPTION_KEYS: this.#ring,
      BERTH_INTERNAL_TOKEN: TOKEN,
      BERTH_WHATSAPP_URL: this.simulator.websocketUrl,
      BERTH_WHATSAPP_ROOT: Buffer.from(this.simulator.rootPublicKey).toString('base64'),
      KUBECONFIG: await this.#kubeconfig(),
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
  async #kubeconfig(): Promise<string> {
    const { server, ca, token, namespace } = this.#kube.config
    const file = path.join(this.#dataDir, 'kubeconfig')
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

export class TestSession {
  readonly id: string
  readonly name: string
  readonly #tenantId: string
  readonly #world: World
  readonly #client: KubeClient
  readonly #gateway: Pool
  #generation = 0

  constructor(
    world: World,
    client: KubeClient,
    gateway: Pool,
    ids: { sessionId: string; tenantId: string; name: string },
  ) {
    this.#world = world
    this.#client = client
    this.#gateway = gateway
    this.id = ids.sessionId
    this.name = ids.name
    this.#tenantId = ids.tenantId
  }

  /** What the operator writes to place it; undefined takes the placement away. */
  async place(worker: Pick<TestWorker, 'name' | 'podUid'> | undefined): Promise<void> {
    const placement = worker && {
      worker: worker.name,
      podUID: worker.podUid,
      generation: ++this.#generation,
      boundAt: new Date().toISOString(),
    }
    await this.#client.apply(
      SessionKind,
      { metadata: { name: this.name }, status: { id: this.id, ...(placement ? { placement } : {}) } },
      { manager: 'test-operator', subresource: 'status', force: true },
    )
  }

  async patchSpec(spec: Record<string, unknown>): Promise<void> {
    await this.#client.mergePatch(SessionKind, this.name, { spec })
  }

  async resource(): Promise<WhatsAppSession> {
    return (await this.#client.get(SessionKind, this.name))!
  }

  /** The state as the database has it. */
  async state(): Promise<
    { state: string; reason: string | null; epoch: number; phone_number: string | null } | undefined
  > {
    const rows = await this.#world.sql<{
      state: string
      reason: string | null
      epoch: number
      phone_number: string | null
    }>('SELECT state, reason, epoch, phone_number FROM session_state WHERE session_id = $1', this.id)
    return rows[0]
  }

  async untilState(state: string): Promise<void> {
    await until(async () => ((await this.state())?.state === state ? true : undefined))
  }

  /** Links a phone of the simulator by scanning the worker's code, and waits until the session is connected. */
  async link(worker: { address: string }, phone: string): Promise<void> {
    const answer = await until(async () => {
      const { status, body } = await this.#world.call(worker, `GET /sessions/${this.id}/qr?wait=10`)
      return status === 200 ? (body as { qr: string }) : undefined
    })
    await this.#world.whatsapp.scan(phone, answer.qr)
    await this.untilState('Connected')
  }

  /** A send as the gateway writes it; the worker is not woken. */
  async addSend(to: string, text: string): Promise<{ id: string; whatsappId: string }> {
    const id = randomUUID()
    const whatsappId = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`
    await this.#asTenant(
      `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status)
       VALUES ($1, $2, $3, $4, $5, true, 'text', $6, 'queued')`,
      [
        id,
        this.#tenantId,
        this.id,
        to.includes('@') ? to : `${to}@s.whatsapp.net`,
        whatsappId,
        JSON.stringify({ text }),
      ],
    )
    return { id, whatsappId }
  }

  async addCommand(kind: 'logout'): Promise<string> {
    const id = randomUUID()
    await this.#asTenant('INSERT INTO command (id, tenant_id, session_id, kind) VALUES ($1, $2, $3, $4)', [
      id,
      this.#tenantId,
      this.id,
      kind,
    ])
    return id
  }

  async commandStatus(id: string): Promise<string | undefined> {
    const rows = await this.#asTenant<{ status: string }>('SELECT status FROM command WHERE id = $1', [id])
    return rows[0]?.status
  }

  messages(): Promise<MessageRow[]> {
    return this.#asTenant<MessageRow>(
      `SELECT id, chat, whatsapp_id, from_me, sender_phone, sender_name, type, content, status, error_code
       FROM message WHERE session_id = $1 ORDER BY number`,
      [this.id],
    )
  }

  /** Waits for a message by its text, and for its status if one is named. */
  untilMessage(text: string, status?: string): Promise<MessageRow> {
    return until(async () =>
      (await this.messages()).find((one) => one.content.text === text && (!status || one.status === status)),
    )
  }

  async #asTenant<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
    const client = await this.#gateway.connect()
    try {
      await client.query('BEGIN')
      await client.query("SELECT set_config('berth.tenant_id', $1, true)", [this.#tenantId])
      const { rows } = await client.query<Row>(text, values)
      await client.query('COMMIT')
      return rows
    } finally {
      client.release()
    }
  }
}
