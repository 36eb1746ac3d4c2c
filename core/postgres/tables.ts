/** The rows as Kysely sees them: what gateway and operator read and write directly, under their grants. */
import {
  DummyDriver,
  type Generated,
  type GeneratedAlways,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type pg from 'pg'
import { inTenant } from './pool.ts'

export type MessageStatus = 'queued' | 'sending' | 'failed' | 'sent' | 'delivered' | 'read' | 'played' | 'received'

export type DeliveryStatus = 'pending' | 'delivered' | 'dead'

export type MediaStatus = 'pending' | 'stored' | 'failed'

export interface Tables {
  installation: { singleton: Generated<boolean>; id: Generated<string> }
  tier: { name: string; spec: unknown; updated_at: Generated<Date> }
  tenant: {
    id: string
    name: string
    tier: string
    display_name: string | null
    state: 'Active' | 'Suspended'
    resource_uid: string
    created_at: Generated<Date>
    deleted_at: Date | null
  }
  session: {
    id: string
    tenant_id: string
    name: string
    resource_name: string
    resource_uid: string
    provider: string
    desired_state: 'Running' | 'Stopped'
    obstacle: string | null
    created_at: Generated<Date>
    deleted_at: Date | null
  }
  session_owner: {
    session_id: string
    tenant_id: string
    generation: Generated<number>
    wanted_generation: Generated<number>
    epoch: Generated<number>
    boot_id: string | null
    pod_uid: string | null
    claimed_at: Date | null
    released_at: Date | null
  }
  session_state: {
    session_id: string
    tenant_id: string
    state: string
    reason: string | null
    message: string | null
    attempt: number
    since: Date
    phone_number: string | null
    lid: string | null
    epoch: number
    updated_at: Date
  }
  worker_lease: {
    boot_id: string
    boot_number: Generated<number>
    pod_uid: string
    worker: string
    address: string
    renewals: number
    started_at: Date
    renewed_at: Date
    ended_at: Date | null
    revoked_at: Date | null
    revoked_reason: string | null
  }
  operator_canary: { id: string; beats: number; at: Date }
  message: {
    id: string
    tenant_id: string
    session_id: string
    number: Generated<number>
    chat: string
    whatsapp_id: string
    from_me: boolean
    sender_phone: string | null
    sender_lid: string | null
    sender_name: string | null
    type: string
    content: unknown
    /** WhatsApp's id of the message that this one changes; the database reads it from the content. */
    target: GeneratedAlways<string | null>
    status: MessageStatus
    /** Nothing is left to be sent; the database derives it from the status. */
    settled: GeneratedAlways<boolean>
    error_code: string | null
    error_message: string | null
    sent_at: Date | null
    created_at: Generated<Date>
    status_at: Generated<Date>
    idempotency_key: string | null
    request_hash: Buffer | null
    send_at: Date | null
    expires_at: Date | null
    /** Of a scheduled message: its place in the queue, since its time has come. */
    due_number: number | null
    /** Its place in the queue; null: it is scheduled for later. */
    queue_number: GeneratedAlways<number | null>
    /** When each later status was reached, as ISO times; 'queued' of a scheduled one. */
    status_times: GeneratedAlways<Partial<Record<MessageStatus, string>>>
    /** Of the time before the link, told by the phone; its number is negative. */
    history: Generated<boolean>
  }
  contact: {
    tenant_id: string
    session_id: string
    /** The chat with them: by phone number where it is known, else by LID. */
    id: string
    lid: string | null
    push_name: string | null
    push_name_at: Date | null
    saved_name: string | null
    verified_name: string | null
    last_message_at: Date
    created_at: Generated<Date>
  }
  conversation: {
    tenant_id: string
    session_id: string
    chat: string
    name: string | null
    last_at: Date
    inbound_at: Date | null
    read_number: Generated<number>
    unread: Generated<number>
    archived: Generated<boolean>
    pinned_at: Date | null
    muted_until: Date | null
  }
  channel: {
    session_id: string
    tenant_id: string
    provider: string
    phone_number_id: string
    account_id: string | null
    phone_number: string | null
    verified_name: string | null
    /** Sealed. */
    value: Buffer
    webhook_hash: Buffer | null
    version: Generated<number>
    updated_at: Generated<Date>
  }
  idempotent_act: {
    session_id: string
    idempotency_key: string
    tenant_id: string
    request_hash: Buffer
    answer: unknown
    created_at: Generated<Date>
  }
  auto_reply: {
    id: Generated<string>
    tenant_id: string
    session_id: string | null
    strategy: string
    settings: unknown
    updated_at: Generated<Date>
  }
  media: {
    id: string
    tenant_id: string
    session_id: string | null
    message_id: string | null
    status: MediaStatus
    mime_type: string
    file_name: string | null
    size: number | null
    sha256: Buffer | null
    attempts: Generated<number>
    next_at: Generated<Date>
    error_code: string | null
    error_message: string | null
    created_at: Generated<Date>
    stored_at: Date | null
  }
  event: {
    id: Generated<string>
    tenant_id: string
    /** null: of none of the tenant's sessions, as is `seq`. */
    session_id: string | null
    /** From 1, without a gap. */
    seq: number | null
    type: string
    data: unknown
    occurred_at: Generated<Date>
    /** The transaction that wrote it; a number as text. */
    xid: Generated<string>
    number: Generated<number>
  }
  webhook_endpoint: {
    id: string
    tenant_id: string
    url: string
    description: string | null
    enabled: Generated<boolean>
    /** null: all. */
    events: string[] | null
    sessions: string[] | null
    /** Sealed, as are the secrets. */
    headers: Buffer | null
    secret: Buffer
    earlier_secret: Buffer | null
    earlier_until: Date | null
    failing_since: Date | null
    paused_at: Date | null
    paused_reason: string | null
    created_at: Generated<Date>
  }
  webhook_delivery: {
    number: GeneratedAlways<number>
    tenant_id: string
    endpoint_id: string
    event_id: string
    lane: number
    status: Generated<DeliveryStatus>
    late: Generated<boolean>
    tries: Generated<number>
    next_at: Generated<Date>
    tried_since: Date | null
    attempts: Generated<unknown>
    created_at: Generated<Date>
  }
  command: {
    id: string
    tenant_id: string
    session_id: string
    number: Generated<number>
    kind: 'logout' | 'read'
    input: unknown
    status: Generated<'queued' | 'done' | 'failed'>
    error_message: string | null
    created_at: Generated<Date>
    finished_at: Date | null
  }
  api_key: {
    id: Generated<string>
    tenant_id: string
    name: string
    hash: Buffer
    hint: string
    created_at: Generated<Date>
    revoked_at: Date | null
  }
}

/** Builds queries and never runs them: they go through `run` or `runInTenant`. */
export const db = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** Anything of Kysely's that knows its SQL and the type of its rows. */
export interface Query<Row> {
  compile(): { sql: string; parameters: readonly unknown[] }
  execute(): Promise<Row[]>
}

const config = (query: Query<unknown>): pg.QueryConfig => {
  const { sql, parameters } = query.compile()
  return { text: sql, values: [...parameters] }
}

/** Runs one query outside any tenant: for the operator, and for tables that belong to no tenant. */
export async function run<Row>(pool: Pick<pg.Pool, 'query'>, query: Query<Row>): Promise<Row[]> {
  const { text, values } = config(query)
  return (await pool.query(text, values)).rows as Row[]
}

/** Runs one query as one tenant, in one round trip. */
export async function runInTenant<Row>(pool: pg.Pool, tenantId: string, query: Query<Row>): Promise<Row[]> {
  const [result] = await inTenant(pool, tenantId, config(query))
  return result!.rows as Row[]
}
