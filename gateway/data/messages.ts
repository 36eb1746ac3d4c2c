/** Messages: the gateway adds rows, the owning worker sends them and moves their status on. */
import { createHash, randomBytes } from 'node:crypto'
import { contentOf } from '@berth/core/model/message.ts'
import type { ShownStatus } from '@berth/core/model/shown-status.ts'
import { db, type MessageStatus } from '@berth/core/postgres/tables.ts'
import { chatOf } from '../chat.ts'
import type { Composed } from '../compose.ts'
import type { NewMessage } from '../new-message-schemas.ts'
import type { SendTimes } from '../send-times.ts'
import type { Database } from './database.ts'
import { uuidV7 } from './uuid.ts'

export const columns = [
  'id',
  'number',
  'chat',
  'whatsapp_id',
  'from_me',
  'sender_phone',
  'sender_lid',
  'sender_name',
  'type',
  'content',
  'target',
  'status',
  'error_code',
  'error_message',
  'sent_at',
  'created_at',
  'status_at',
  'request_hash',
  'send_at',
  'expires_at',
  'queue_number',
  'status_times',
] as const

const view = () => db.selectFrom('message').select(columns)
export type MessageRow = Awaited<ReturnType<ReturnType<typeof view>['execute']>>[number]

/** What a caller asked for, under a name of their own. */
export interface Asked {
  tenantId: string
  sessionId: string
  body: NewMessage
  idempotencyKey?: string
}

/** Phones drop a second message with an id that they know: chosen here, an unknown outcome may be sent again. */
const newWhatsappId = (): string => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`

/** What makes two requests the same message. A plain text has the hash that the release before gave it. */
export function requestHash(body: NewMessage): Buffer {
  const { to, text, ...more } = body as Extract<NewMessage, { text: string; to: string }>
  const isPlain = to !== undefined && text !== undefined && Object.keys(more).length === 0
  const parts = isPlain ? [chatOf(to), text] : [body]
  return createHash('sha256').update(JSON.stringify(parts)).digest()
}

/**
 * Writes the row of a message to be sent. undefined: there is one with this Idempotency-Key already, whatever it says;
 * two at the same time wait for each other, so that one of them sees the other's row.
 */
export async function insertMessage(
  database: Database,
  { tenantId, sessionId, body, idempotencyKey }: Asked,
  { chat, message }: Composed,
  { sendAt, expiresAt }: SendTimes,
): Promise<MessageRow | undefined> {
  const [row] = await database.query(
    tenantId,
    db
      .insertInto('message')
      .values({
        id: uuidV7(Date.now()),
        tenant_id: tenantId,
        session_id: sessionId,
        chat,
        whatsapp_id: newWhatsappId(),
        from_me: true,
        type: message.type,
        content: JSON.stringify(contentOf(message)),
        status: 'queued',
        send_at: sendAt,
        expires_at: expiresAt,
        idempotency_key: idempotencyKey ?? null,
        request_hash: idempotencyKey === undefined ? null : requestHash(body),
      })
      .onConflict((conflict) =>
        conflict.columns(['session_id', 'idempotency_key']).where('idempotency_key', 'is not', null).doNothing(),
      )
      .returning(columns),
  )
  return row
}

export async function findByIdempotencyKey(
  database: Database,
  { tenantId, sessionId, idempotencyKey }: { tenantId: string; sessionId: string; idempotencyKey: string },
): Promise<MessageRow | undefined> {
  const [row] = await database.query(
    tenantId,
    view().where('session_id', '=', sessionId).where('idempotency_key', '=', idempotencyKey),
  )
  return row
}

export async function findMessage(
  database: Database,
  { tenantId, sessionId, id }: { tenantId: string; sessionId: string; id: string },
): Promise<MessageRow | undefined> {
  const [row] = await database.query(tenantId, view().where('session_id', '=', sessionId).where('id', '=', id))
  return row
}

/** Those that there are, in any order. */
export async function findMessages(
  database: Database,
  { tenantId, sessionId }: OfSession,
  ids: string[],
): Promise<MessageRow[]> {
  if (ids.length === 0) return []
  return database.query(tenantId, view().where('session_id', '=', sessionId).where('id', 'in', ids))
}

export interface MessageFilter {
  chat?: string
  fromMe?: boolean
  type?: string
  /** In the language of websearch_to_tsquery. */
  search?: string
  status?: ShownStatus<MessageStatus>
  /** Created after and before these instants. */
  after?: Date
  before?: Date
  /** The page goes on below this number. */
  below?: number
  limit: number
}

/** What came into the chat of a message up to it, newest first: itself and those before. Changes are left out. */
export function receivedUpTo(
  database: Database,
  { tenantId, sessionId }: OfSession,
  { chat, number }: MessageRow,
  limit: number,
): Promise<MessageRow[]> {
  const received = view().where('session_id', '=', sessionId).where('chat', '=', chat).where('from_me', '=', false)
  const upToIt = received.where('number', '<=', number).where('target', 'is', null)
  return database.query(tenantId, upToIt.orderBy('number', 'desc').limit(limit))
}

/** More changes of the messages of one page are not looked at; the newest are. */
const CHANGES_LOOKED_AT = 10_000

interface OfSession {
  tenantId: string
  sessionId: string
}

/** Changes of these messages. */
export async function changesOf(
  database: Database,
  { tenantId, sessionId }: OfSession,
  rows: MessageRow[],
): Promise<MessageRow[]> {
  const changed = rows.filter(({ target }) => target === null)
  if (changed.length === 0) return []
  const ids = changed.map(({ whatsapp_id }) => whatsapp_id)
  const query = inChatsOf(sessionId, changed).where('target', 'in', ids).orderBy('number', 'desc')
  return database.query(tenantId, query.limit(CHANGES_LOOKED_AT))
}

/** The messages that these change or answer. */
export async function referencesOf(
  database: Database,
  { tenantId, sessionId }: OfSession,
  rows: MessageRow[],
): Promise<MessageRow[]> {
  const ids = rows.flatMap(({ target, content }) => target ?? quotedBy(content) ?? [])
  if (ids.length === 0) return []
  return database.query(tenantId, inChatsOf(sessionId, rows).where('whatsapp_id', 'in', ids))
}

const inChatsOf = (sessionId: string, rows: MessageRow[]) =>
  view()
    .where('session_id', '=', sessionId)
    .where('chat', 'in', [...new Set(rows.map(({ chat }) => chat))])

const quotedBy = (content: unknown): string | undefined =>
  (content as { quote?: { whatsappId?: string } }).quote?.whatsappId
