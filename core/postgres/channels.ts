/** Channels and their inbox (migrations 0015 and 0016), as the gateway fills them and the owner of a session reads them. */
import type pg from 'pg'

type Queryable = Pick<pg.Pool, 'query'>

/** Who writes: the fence. */
interface Owner {
  sessionId: string
  epoch: number
}

/** Whose a number is. */
export interface ChannelOfNumber {
  phone_number_id: string
  session_id: string
  tenant_id: string
}

/** The channel of a webhook's own address; `value` is sealed. */
export interface ChannelOfWebhook extends ChannelOfNumber {
  value: Buffer
}

export interface ChannelRow {
  phone_number_id: string
  account_id: string | null
  /** Sealed. */
  value: Buffer
  version: number
}

/** Where a channel's value lies, for its seal. */
export const CHANNEL_PLACE = 'channel'

/** Of those sessions that are no linked phones. */
export async function loadProviders(db: Queryable, bootId: string, sessionIds: string[]): Promise<Map<string, string>> {
  const { rows } = await db.query<{ session_id: string; provider: string }>('SELECT * FROM load_providers($1, $2)', [
    bootId,
    sessionIds,
  ])
  return new Map(rows.map(({ session_id, provider }) => [session_id, provider]))
}

/** undefined: nobody has said yet what the session is reached by. */
export const loadChannel = async (db: Queryable, bootId: string, sessionId: string): Promise<ChannelRow | undefined> =>
  (await db.query<ChannelRow>('SELECT * FROM load_channel($1, $2)', [bootId, sessionId])).rows[0]

/** Sessions of a boot for which something came. */
export const sessionsWithInbox = async (db: Queryable, bootId: string): Promise<string[]> =>
  (await db.query<{ id: string }>('SELECT sessions_with_inbox($1) AS id', [bootId])).rows.map(({ id }) => id)

export interface Inbox {
  /** Of the channel now; undefined: there is none. */
  version: number | undefined
  /** Oldest first. */
  items: { number: number; body: string }[]
}

export async function loadInbox(db: Queryable, bootId: string, sessionId: string, limit: number): Promise<Inbox> {
  const { rows } = await db.query<{ version: number | null; number: number | null; body: string }>(
    'SELECT * FROM load_inbox($1, $2, $3)',
    [bootId, sessionId, limit],
  )
  const items = rows.flatMap(({ number, body }) => (number === null ? [] : [{ number, body }]))
  return { version: rows[0]?.version ?? undefined, items }
}

/** Removes what is durable elsewhere. Answers false when the session has another owner. */
export async function inboxDone(
  db: Queryable,
  bootId: string,
  { sessionId, epoch }: Owner,
  numbers: number[],
): Promise<boolean> {
  const values = [bootId, sessionId, epoch, numbers]
  return (await db.query<{ held: boolean }>('SELECT inbox_done($1, $2, $3, $4) AS held', values)).rows[0]!.held
}

/** A message of ours: the id that we gave it, and the provider's. */
export interface IdPair {
  whatsappId: string
  providerId: string
}

/** Answers false when the session has another owner. Can be repeated. */
export async function keepProviderIds(
  db: Queryable,
  bootId: string,
  { sessionId, epoch }: Owner,
  pairs: IdPair[],
): Promise<boolean> {
  const ids = [pairs.map(({ whatsappId }) => whatsappId), pairs.map(({ providerId }) => providerId)]
  const { rows } = await db.query<{ held: boolean }>('SELECT keep_provider_ids($1, $2, $3, $4, $5) AS held', [
    bootId,
    sessionId,
    epoch,
    ...ids,
  ])
  return rows[0]!.held
}

/** What a provider does not deliver though it had taken it, and why. */
export interface MessageRefusal {
  whatsappId: string
  code: string
  message: string | undefined
}

/** Fails messages of ours, sent ones too; not those that were delivered. Answers and can be repeated as above. */
export async function refuseMessages(
  db: Queryable,
  bootId: string,
  { sessionId, epoch }: Owner,
  refusals: MessageRefusal[],
): Promise<boolean> {
  const { rows } = await db.query<{ held: boolean }>('SELECT refuse_messages($1, $2, $3, $4, $5, $6) AS held', [
    bootId,
    sessionId,
    epoch,
    refusals.map(({ whatsappId }) => whatsappId),
    refusals.map(({ code }) => code),
    refusals.map(({ message }) => message ?? null),
  ])
  return rows[0]!.held
}

/** Messages of ours that have one of these ids, of either sort. */
export async function findProviderIds(
  db: Queryable,
  bootId: string,
  sessionId: string,
  ids: string[],
): Promise<IdPair[]> {
  const { rows } = await db.query<{ whatsapp_id: string; provider_id: string }>(
    'SELECT * FROM provider_ids($1, $2, $3)',
    [bootId, sessionId, ids],
  )
  return rows.map(({ whatsapp_id, provider_id }) => ({ whatsappId: whatsapp_id, providerId: provider_id }))
}

export interface AutoReplyRow {
  session_id: string
  strategy: string
  settings: unknown
}

/** How the sessions of a boot reply by themselves. */
export const loadAutoReplies = async (db: Queryable, bootId: string): Promise<AutoReplyRow[]> =>
  (await db.query<AutoReplyRow>('SELECT * FROM load_auto_replies($1)', [bootId])).rows
