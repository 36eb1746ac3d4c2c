/** A worker of Berth: the real process, placed and written to as operator and gateway do it. */
import { randomBytes, randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { SessionSpec } from '@berth/core/model/session.ts'
import { nodeEnvironment } from '@berth/operator/node-environment.ts'
import { until } from '../../chaos/until.ts'
import { seedSession } from '../../postgres/seed.ts'
import { Child } from '../child.ts'
import { each } from '../each.ts'
import { type Account, type Stage, TOKEN } from '../stage.ts'
import { readMetrics } from './metrics.ts'
import type { Lag, Side } from './side.ts'

const MAIN = fileURLToPath(import.meta.resolve('@berth/worker/main.ts'))
const TENANT = 'bench'
const LINKED_AT_ONCE = 4
const LINK_TIMEOUT_MS = 60_000
const SEND_TIMEOUT_MS = 300_000

/** The operator's choice; a new process on the same pod takes over what the one before held. */
export interface Pod {
  name: string
  uid: string
}

export const newPod = (): Pod => ({ name: `worker-${randomBytes(3).toString('hex')}`, uid: randomUUID() })

/** What the account's session is called. */
export const sessionNameOf = (number: string): string => `s${number}`

interface Placed extends Account {
  sessionId: string
}

export class WorkerSide implements Side {
  readonly name = 'worker'
  readonly address: string
  readonly #stage: Stage
  readonly #child: Child
  readonly #pod: Pod
  readonly #sessions: Placed[] = []
  #tenantId = ''

  private constructor(stage: Stage, child: Child, pod: Pod, address: string) {
    this.#stage = stage
    this.#child = child
    this.#pod = pod
    this.address = address
  }

  /** Resolves when its lease is open. */
  static async start(stage: Stage, pod = newPod()): Promise<WorkerSide> {
    const { rootPublicKey } = await stage.simulator.info()
    const profiled = stage.profiler?.child
    const child = new Child(MAIN, {
      flags: profiled?.flags,
      env: {
        ...profiled?.env,
        ...nodeEnvironment(defaultTiers[0]!.spec.workers.template.memory),
        POD_NAME: pod.name,
        POD_UID: pod.uid,
        POD_NAMESPACE: stage.cluster.config.namespace,
        POD_IP: '127.0.0.1',
        PORT: '0',
        DATABASE_URL: stage.databaseUrl,
        BERTH_ENCRYPTION_KEYS: stage.encryptionKeys,
        BERTH_INTERNAL_TOKEN: TOKEN,
        BERTH_WHATSAPP_URL: await stage.websocketUrl(),
        BERTH_WHATSAPP_ROOT: rootPublicKey,
        KUBECONFIG: stage.kubeconfig,
      },
    })
    const address = await until('the worker has its lease', LINK_TIMEOUT_MS, async () => {
      const { rows } = await stage.operator.query<{ address: string }>(
        'SELECT address FROM worker_lease WHERE pod_uid = $1 AND ended_at IS NULL ORDER BY boot_number DESC LIMIT 1',
        [pod.uid],
      )
      return rows[0]?.address
    })
    return new WorkerSide(stage, child, pod, address)
  }

  get pid(): number {
    return this.#child.pid
  }

  async link(accounts: Account[]): Promise<void> {
    await each(accounts, LINKED_AT_ONCE, async (account) => {
      const sessionId = await this.place(sessionNameOf(account.number))
      await this.#stage.simulator.scan(account.number, await this.qr(sessionId))
      this.#sessions.push({ ...account, sessionId })
    })
    await until('all sessions are connected', LINK_TIMEOUT_MS, async () => (await this.connected()) >= accounts.length)
  }

  /** A new session on this worker. Answers its id. */
  async place(name: string): Promise<string> {
    const { cluster, operator } = this.#stage
    const { sessionId, tenantId } = await seedSession(operator, { tenant: TENANT, name })
    this.#tenantId = tenantId
    const metadata = { name: `${TENANT}.${name}` }
    await cluster.client.create(SessionKind, { metadata, spec: { tenant: TENANT } as SessionSpec })
    const placement = {
      worker: this.#pod.name,
      podUID: this.#pod.uid,
      generation: 1,
      boundAt: new Date().toISOString(),
    }
    const options = { manager: 'bench-operator', subresource: 'status', force: true } as const
    await cluster.client.apply(SessionKind, { metadata, status: { id: sessionId, placement } }, options)
    return sessionId
  }

  get tenantId(): string {
    return this.#tenantId
  }

  /** The code to scan. */
  qr(sessionId: string): Promise<string> {
    return until('a code to scan', LINK_TIMEOUT_MS, async () => {
      const response = await this.#fetch(`/sessions/${sessionId}/qr?wait=10`)
      return response.status === 200 && ((await response.json()) as { qr: string }).qr
    })
  }

  /** How many sessions it says are connected. */
  async connected(): Promise<number> {
    return (await this.metrics()).get('berth_worker_sessions{state="Connected"}') ?? 0
  }

  async send(perAccount: number): Promise<void> {
    const rows = this.#sessions.flatMap(({ sessionId, contact }) =>
      Array.from({ length: perAccount }, (_, i) => ({
        id: randomUUID(),
        sessionId,
        chat: `${contact}@s.whatsapp.net`,
        whatsappId: `3EB0${randomBytes(9).toString('hex').toUpperCase()}`,
        content: { text: `message ${i} ${'x'.repeat(60)}` },
      })),
    )
    await this.#asTenant(
      `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status)
       SELECT (r->>'id')::uuid, $1, (r->>'sessionId')::uuid, r->>'chat', r->>'whatsappId', true, 'text', r->'content', 'queued'
       FROM jsonb_array_elements($2::jsonb) r`,
      [this.#tenantId, JSON.stringify(rows)],
    )
    await each(this.#sessions, this.#sessions.length, ({ sessionId }) =>
      this.#fetch(`/sessions/${sessionId}/wake`, { method: 'POST' }),
    )
    await until('all messages are sent', SEND_TIMEOUT_MS, async () => {
      const open = 'SELECT count(*)::int AS count FROM message WHERE NOT settled'
      return (await this.#count(open)) === 0
    })
  }

  received(): Promise<number> {
    return this.#count('SELECT count(*)::int AS count FROM message WHERE NOT from_me')
  }

  async lag(): Promise<Lag> {
    const metrics = await this.metrics()
    const ms = (name: string) => metrics.get(name)! * 1000
    return { p99: ms('nodejs_eventloop_lag_p99_seconds'), max: ms('berth_worker_event_loop_lag_seconds') }
  }

  async metrics(): Promise<Map<string, number>> {
    return readMetrics(await (await this.#fetch('/metrics')).text())
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }

  #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.address + path, { ...init, headers: { authorization: `Bearer ${TOKEN}` } })
  }

  async #count(query: string): Promise<number> {
    const [row] = await this.#asTenant<{ count: number }>(query, [])
    return row!.count
  }

  async #asTenant<Row extends object>(query: string, values: unknown[]): Promise<Row[]> {
    const client = await this.#stage.gateway.connect()
    try {
      await client.query('BEGIN')
      await client.query("SELECT set_config('berth.tenant_id', $1, true)", [this.#tenantId])
      const { rows } = await client.query<Row>(query, values)
      await client.query('COMMIT')
      return rows
    } finally {
      client.release()
    }
  }
}
