/** One session of a test, as operator and gateway see it: placed, changed, written to, looked at. */
import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { Media } from '@berth/core/model/message-media.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { until } from './until.ts'
import type { World } from './world.ts'

export interface MessageRow {
  id: string
  chat: string
  whatsapp_id: string
  from_me: boolean
  sender_phone: string | null
  sender_name: string | null
  type: string
  content: { text?: string; kind?: string; media?: Media; source?: Record<string, unknown> }
  status: string
  error_code: string | null
}

export interface ConversationRow {
  chat: string
  unread: number
  archived: boolean
  muted_until: Date | null
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
  async place(worker: { name: string; podUid: string } | undefined): Promise<void> {
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

  /** A send as the gateway writes it; the worker is not woken. 'sending': as an earlier owner left it. */
  async addSend(
    to: string,
    text: string,
    status: 'queued' | 'sending' = 'queued',
  ): Promise<{ id: string; whatsappId: string }> {
    return this.addMessage(to, { type: 'text', text }, status)
  }

  /** The same for a message of any kind; `inSeconds`: it is scheduled. */
  async addMessage(
    to: string,
    { type, ...content }: { type: string } & Record<string, unknown>,
    status: 'queued' | 'sending' = 'queued',
    { inSeconds }: { inSeconds?: number } = {},
  ): Promise<{ id: string; whatsappId: string }> {
    const id = randomUUID()
    const whatsappId = `3EB0${randomBytes(9).toString('hex').toUpperCase()}`
    await this.#asTenant(
      `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status, send_at)
       VALUES ($1, $2, $3, $4, $5, true, $6, $7, $8, now() + make_interval(secs => $9))`,
      [
        id,
        this.#tenantId,
        this.id,
        to.includes('@') ? to : `${to}@s.whatsapp.net`,
        whatsappId,
        type,
        JSON.stringify(content),
        status,
        inSeconds ?? null,
      ],
    )
    return { id, whatsappId }
  }

  /** As the gateway cancels a message; false: it does not wait any more. */
  async cancel(id: string): Promise<boolean> {
    const rows = await this.#asTenant(
      `UPDATE message SET status = 'failed', error_code = 'cancelled', status_at = clock_timestamp()
       WHERE id = $1 AND status = 'queued' RETURNING id`,
      [id],
    )
    return rows.length === 1
  }

  /** A stored file of the tenant, as the gateway takes it. Answers its id. */
  async addMedia(bytes: Buffer, mimeType: string): Promise<string> {
    const id = randomUUID()
    const { size, sha256 } = await this.#world.media.put(id, Readable.from([bytes]), { maxBytes: bytes.length })
    await this.#asTenant(
      `INSERT INTO media (id, tenant_id, status, mime_type, size, sha256) VALUES ($1, $2, 'stored', $3, $4, $5)`,
      [id, this.#tenantId, mimeType, size, sha256],
    )
    return id
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

  conversations(): Promise<ConversationRow[]> {
    return this.#asTenant<ConversationRow>(
      'SELECT chat, unread, archived, muted_until FROM conversation WHERE session_id = $1 ORDER BY chat',
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
