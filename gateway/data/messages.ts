/** Messages: the gateway adds rows, the owning worker sends them and moves their status on. */
import { createHash, randomBytes } from 'node:crypto'
import { db, type MessageStatus } from '@berth/core/postgres/tables.ts'
import type { Database } from './database.ts'
import { uuidV7 } from './uuid.ts'

const columns = [
  'id',
  'number',
  'chat',
  'from_me',
  'sender_phone',
  'sender_lid',
  'sender_name',
  'type',
  'content',
  'status',
  'error_code',
  'error_message',
  'sent_at',
  'created_at',
  'status_at',
  'request_hash',
] as const

const view = () => db.selectFrom('message').select(columns)
export type MessageRow = Awaited<ReturnType<ReturnType<typeof view>['execute']>>[number]

export interface NewMessage {
  tenantId: string
  sessionId: string
  chat: string
  text: string
  idempotencyKey?: string
}

/** Phones drop a second message with an id that they know: chosen here, an unknown outcome may be sent again. */
const newWhatsappId = (): string => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`

/** What makes two requests the same message. */
export const requestHash = ({ chat, text }: Pick<NewMessage, 'chat' | 'text'>): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([chat, text]))
    .digest()

/**
 * Writes the row of a message to be sent. undefined: there is one with this Idempotency-Key already, whatever it says;
 * two at the same time wait for each other, so that one of them sees the other's row.
 */
export async function insertMessage(database: Database, message: NewMessage): Promise<MessageRow | undefined> {
  const [row] = await database.query(
    message.tenantId,
    db
      .insertInto('message')
      .values({
        id: uuidV7(Date.now()),
        tenant_id: message.tenantId,
        session_id: message.sessionId,
        chat: message.chat,
        whatsapp_id: newWhatsappId(),
        from_me: true,
        type: 'text',
        content: JSON.stringify({ text: message.text }),
        status: 'queued',
        idempotency_key: message.idempotencyKey ?? null,
        request_hash: message.idempotencyKey === undefined ? null : requestHash(message),
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

export interface MessageFilter {
  chat?: string
  fromMe?: boolean
  status?: MessageStatus
  /** Created after and before these instants. */
  after?: Date
  before?: Date
  /** The page goes on below this number. */
  below?: number
  limit: number
}

/** Newest first. */
export function listMessages(
  database: Database,
  tenantId: string,
  sessionId: string,
  filter: MessageFilter,
): Promise<MessageRow[]> {
  let query = view().where('session_id', '=', sessionId).orderBy('number', 'desc').limit(filter.limit)
  if (filter.chat !== undefined) query = query.where('chat', '=', filter.chat)
  if (filter.fromMe !== undefined) query = query.where('from_me', '=', filter.fromMe)
  if (filter.status) query = query.where('status', '=', filter.status)
  if (filter.after) query = query.where('created_at', '>', filter.after)
  if (filter.before) query = query.where('created_at', '<', filter.before)
  if (filter.below !== undefined) query = query.where('number', '<', filter.below)
  return database.query(tenantId, query)
}
