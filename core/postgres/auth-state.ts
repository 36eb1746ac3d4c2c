/** What an owner reads of its sessions. Every function answers for sessions that the boot owns and for no others. */
import type pg from 'pg'
import type { Tables } from './tables.ts'

type Queryable = Pick<pg.Pool, 'query'>

export interface CredentialRow {
  session_id: string
  linking_attempt: number
  /** Sealed. */
  value: Buffer
}

export const loadCredentials = async (db: Queryable, bootId: string, sessionIds: string[]): Promise<CredentialRow[]> =>
  (await db.query<CredentialRow>('SELECT * FROM load_credentials($1, $2)', [bootId, sessionIds])).rows

/** Values in the order of `wanted`; undefined where there is none. Sealed. */
export async function loadKeys(
  db: Queryable,
  bootId: string,
  wanted: { sessionId: string; type: string; id: string }[],
): Promise<(Buffer | undefined)[]> {
  const result = await db.query<{ place: number; value: Buffer }>(
    'SELECT place, value FROM load_keys($1, $2, $3, $4)',
    [bootId, wanted.map((w) => w.sessionId), wanted.map((w) => w.type), wanted.map((w) => w.id)],
  )
  const values: (Buffer | undefined)[] = Array.from({ length: wanted.length })
  for (const row of result.rows) values[row.place - 1] = row.value
  return values
}

export interface JournalRow {
  session_id: string
  ciphertext_hash: string
  /** Sealed. */
  body: Buffer
}

/** Journal rows whose message is not stored yet, oldest first. */
export const loadJournal = async (db: Queryable, bootId: string, sessionIds: string[]): Promise<JournalRow[]> =>
  (await db.query<JournalRow>('SELECT * FROM load_journal($1, $2)', [bootId, sessionIds])).rows

export async function journalBody(
  db: Queryable,
  bootId: string,
  sessionId: string,
  ciphertextHash: string,
): Promise<Buffer | undefined> {
  const result = await db.query<{ body: Buffer | null }>('SELECT journal_body($1, $2, $3) AS body', [
    bootId,
    sessionId,
    ciphertextHash,
  ])
  return result.rows[0]?.body ?? undefined
}

export interface CommandRow {
  session_id: string
  id: string
  kind: Tables['command']['kind']
  /** What it needs to know; each kind has its own form (core/model/command.ts). */
  input: unknown
}

export const loadCommands = async (db: Queryable, bootId: string, sessionIds: string[]): Promise<CommandRow[]> =>
  (await db.query<CommandRow>('SELECT * FROM load_open_commands($1, $2)', [bootId, sessionIds])).rows

/** What was sent under a WhatsApp id, for a contact that asks for it again. */
export async function loadSent(
  db: Queryable,
  bootId: string,
  sessionId: string,
  whatsappId: string,
): Promise<{ type: string; content: unknown } | undefined> {
  const result = await db.query<{ type: string; content: unknown }>('SELECT * FROM load_sent($1, $2, $3)', [
    bootId,
    sessionId,
    whatsappId,
  ])
  return result.rows[0]
}

/** The last state that a worker wrote for each session. */
export const loadStates = async (
  db: Queryable,
  bootId: string,
  sessionIds: string[],
): Promise<Tables['session_state'][]> =>
  (await db.query<Tables['session_state']>('SELECT * FROM load_states($1, $2)', [bootId, sessionIds])).rows
