/** Channels: what sessions of a provider with accounts of its own are reached by; and what came for them. */
import { randomBytes } from 'node:crypto'
import { CLOUD_API } from '@berth/core/cloud-api/channel.ts'
import type { ChannelOfNumber, ChannelOfWebhook } from '@berth/core/postgres/channels.ts'
import { sqlState } from '@berth/core/postgres/pool.ts'
import { db } from '@berth/core/postgres/tables.ts'
import { Problem } from '../problems/problem.ts'
import type { Database } from './database.ts'

const UNIQUE_VIOLATION = '23505'

const columns = [
  'session_id',
  'phone_number_id',
  'account_id',
  'phone_number',
  'verified_name',
  'value',
  'webhook_hash',
  'updated_at',
] as const
const view = () => db.selectFrom('channel').select(columns)

export type ChannelRow = Awaited<ReturnType<ReturnType<typeof view>['execute']>>[number]

interface OfSession {
  tenantId: string
  sessionId: string
}

export async function findChannel(
  database: Database,
  { tenantId, sessionId }: OfSession,
): Promise<ChannelRow | undefined> {
  const [row] = await database.query(tenantId, view().where('session_id', '=', sessionId))
  return row
}

export interface NewChannel {
  phoneNumberId: string
  accountId: string | undefined
  phoneNumber: string | undefined
  verifiedName: string | undefined
  /** Sealed. */
  value: Buffer
}

/** Takes the place of what the session had. Throws Problem channel_in_use: another session has the number. */
export async function putChannel(
  database: Database,
  { tenantId, sessionId }: OfSession,
  { phoneNumberId, accountId, phoneNumber, verifiedName, value }: NewChannel,
): Promise<ChannelRow> {
  const given = {
    provider: CLOUD_API,
    phone_number_id: phoneNumberId,
    account_id: accountId ?? null,
    phone_number: phoneNumber ?? null,
    verified_name: verifiedName ?? null,
    value,
  }
  const query = db
    .insertInto('channel')
    .values({ session_id: sessionId, tenant_id: tenantId, ...given, webhook_hash: null })
    .onConflict((conflict) =>
      conflict.column('session_id').doUpdateSet({
        ...given,
        version: (expression) => expression('channel.version', '+', 1),
        updated_at: new Date(),
      }),
    )
    .returning(columns)
  try {
    const [row] = await database.query(tenantId, query)
    return row!
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) throw new Problem('channel_in_use')
    throw error
  }
}

/** False: there was none. */
export async function deleteChannel(database: Database, { tenantId, sessionId }: OfSession): Promise<boolean> {
  const query = db.deleteFrom('channel').where('session_id', '=', sessionId).returning('session_id')
  return (await database.query(tenantId, query)).length > 0
}

/** False: there is no channel. */
export async function setWebhook(
  database: Database,
  { tenantId, sessionId }: OfSession,
  hash: Buffer,
): Promise<boolean> {
  const query = db
    .updateTable('channel')
    .set({ webhook_hash: hash })
    .where('session_id', '=', sessionId)
    .returning('session_id')
  return (await database.query(tenantId, query)).length > 0
}

/** Whose numbers these are; across tenants. */
export const channelsOfNumbers = (database: Database, numbers: string[]): Promise<ChannelOfNumber[]> =>
  database.call<ChannelOfNumber>('SELECT * FROM channels_of_numbers($1, $2)', [CLOUD_API, numbers])

/** The channel whose own webhook this is. */
export async function channelOfWebhook(
  database: Database,
  tenant: string,
  hash: Buffer,
): Promise<ChannelOfWebhook | undefined> {
  const [row] = await database.call<ChannelOfWebhook>('SELECT * FROM channel_of_webhook($1, $2, $3)', [
    CLOUD_API,
    tenant,
    hash,
  ])
  return row
}

/** Resolves when it is durable. */
export async function keepInbox(
  database: Database,
  told: { sessionId: string; hash: Buffer; body: string }[],
): Promise<void> {
  await database.call('SELECT keep_inbox($1, $2, $3)', [
    told.map(({ sessionId }) => sessionId),
    told.map(({ hash }) => hash),
    told.map(({ body }) => body),
  ])
}

/** What a channel's own webhook ends in: 256 bits. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** When a contact wrote last; undefined: never. */
export async function lastInbound(
  database: Database,
  { tenantId, sessionId }: OfSession,
  chat: string,
): Promise<Date | undefined> {
  const query = db.selectFrom('conversation').select('inbound_at').where('session_id', '=', sessionId)
  const [row] = await database.query(tenantId, query.where('chat', '=', chat))
  return row?.inbound_at ?? undefined
}
