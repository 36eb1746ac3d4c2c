/**
 * One durable write of a worker over all its sessions: the call of write_commit (migrations 0004 and 0013).
 * Batching, retrying and settling are the worker's committer's; this only lays rows out as parameters.
 */
import type pg from 'pg'
import type { MessageStatus } from './tables.ts'

/** A session as a commit names it. */
export interface CommitSession {
  sessionId: string
  epoch: number
}

export interface ReceivedMessage {
  /** Our own id (UUID v7). */
  id: string
  chat: string
  whatsappId: string
  fromMe: boolean
  senderPhone?: string
  senderLid?: string
  senderName?: string
  type: string
  content: unknown
  status: MessageStatus
  /** When the provider says it was sent. */
  sentAt: Date
}

export interface StatusChange {
  whatsappId: string
  status: MessageStatus
  errorCode?: string
  errorMessage?: string
  sentAt?: Date
}

export interface StateRow {
  state: string
  reason?: string
  message?: string
  attempt: number
  since: Date
  phoneNumber?: string
  lid?: string
}

/** What was learnt of a person whom both addresses name; of one whom nobody has had to do with, nothing is kept. */
export interface PersonFact {
  /** E.164 */
  phone?: string
  lid?: string
  /** In the account's address book; null: not any more. */
  savedName?: string | null
  verifiedName?: string | null
}

/** What is new of a chat. */
export interface ChatFact {
  chat: string
  /** WhatsApp's ids: up to these messages, it was read on a device of the account. */
  read?: string[]
  archived?: boolean
  pinnedAt?: Date | null
  mutedUntil?: Date | null
  /** Of a group. */
  name?: string
}

/** What one session writes in one commit. Values of keys, credentials and journal are sealed already. */
export interface SessionRows {
  session: CommitSession
  /** Removes all keys and credentials before anything else of this commit: a new link begins. */
  purge?: boolean
  /** undefined deletes the key. */
  keys: { type: string; id: string; value: Buffer | undefined }[]
  credential?: { linkingAttempt: number; value: Buffer }
  journal: { ciphertextHash: string; body: Buffer }[]
  /** The journal row named beside a message is done with it; without a message it held nothing to show. */
  received: { ciphertextHash: string; message?: ReceivedMessage }[]
  statuses: StatusChange[]
  state?: StateRow
  commands: { id: string; status: 'done' | 'failed'; errorMessage?: string }[]
  people?: PersonFact[]
  chats?: ChatFact[]
}

/** Collects the parts of the one blob parameter: cheaper by half than bytea arrays. Offsets are 1-based, as in SQL. */
class Blob {
  parts: Buffer[] = []
  offset = 1
  add(part: Buffer): [offset: number, length: number] {
    this.parts.push(part)
    const at = this.offset
    this.offset += part.length
    return [at, part.length]
  }
}

const columns = (count: number): unknown[][] => Array.from({ length: count }, () => [])
const push = (target: unknown[][], ...row: unknown[]): void => {
  for (const [i, value] of row.entries()) target[i]!.push(value)
}
const jsonOrNull = (rows: unknown[]): string | null => (rows.length ? JSON.stringify(rows) : null)

/** The parameters of write_commit. Sessions must come sorted by id, each once: it is the order of the locks. */
export function commitParameters(bootId: string, number: number, rows: SessionRows[]): unknown[] {
  const blob = new Blob()
  const keys = columns(5)
  const gone = columns(3)
  const credentials = columns(4)
  const journal = columns(4)
  const messages: unknown[] = []
  const statuses: unknown[] = []
  const states: unknown[] = []
  const commands: unknown[] = []
  const purges: number[] = []
  const people: unknown[] = []
  const chats: unknown[] = []
  rows.forEach((row, index) => {
    const place = index + 1
    if (row.purge) purges.push(place)
    for (const key of row.keys) {
      if (key.value) push(keys, place, key.type, key.id, ...blob.add(key.value))
      else push(gone, place, key.type, key.id)
    }
    if (row.credential) push(credentials, place, row.credential.linkingAttempt, ...blob.add(row.credential.value))
    for (const entry of row.journal) push(journal, place, entry.ciphertextHash, ...blob.add(entry.body))
    for (const { ciphertextHash, message } of row.received) {
      messages.push({
        place,
        ciphertext_hash: ciphertextHash,
        ...(message && {
          id: message.id,
          chat: message.chat,
          whatsapp_id: message.whatsappId,
          from_me: message.fromMe,
          sender_phone: message.senderPhone,
          sender_lid: message.senderLid,
          sender_name: message.senderName,
          type: message.type,
          content: message.content,
          status: message.status,
          sent_at: message.sentAt,
        }),
      })
    }
    for (const change of row.statuses) {
      statuses.push({
        place,
        whatsapp_id: change.whatsappId,
        status: change.status,
        error_code: change.errorCode,
        error_message: change.errorMessage,
        sent_at: change.sentAt,
      })
    }
    if (row.state) {
      const { phoneNumber, ...state } = row.state
      states.push({ place, ...state, phone_number: phoneNumber })
    }
    for (const { errorMessage, ...command } of row.commands) {
      commands.push({ place, ...command, error_message: errorMessage })
    }
    for (const { savedName, verifiedName, ...person } of row.people ?? []) {
      people.push({ place, ...person, saved_name: savedName, verified_name: verifiedName })
    }
    for (const { pinnedAt, mutedUntil, ...chat } of row.chats ?? []) {
      chats.push({ place, ...chat, pinned_at: pinnedAt, muted_until: mutedUntil })
    }
  })
  return [
    bootId,
    number,
    rows.map((row) => row.session.sessionId),
    rows.map((row) => row.session.epoch),
    Buffer.concat(blob.parts),
    ...keys,
    ...gone,
    ...credentials,
    ...journal,
    jsonOrNull(messages),
    jsonOrNull(statuses),
    jsonOrNull(states),
    jsonOrNull(commands),
    purges,
    jsonOrNull(people),
    jsonOrNull(chats),
  ]
}

const PARAMETERS = 28
const STATEMENT = `SELECT write_commit(${Array.from({ length: PARAMETERS }, (_, i) => `$${i + 1}`).join(', ')}) AS places`

/**
 * Writes one commit. Answers the sessions whose fence held; the others wrote nothing. undefined: the number is not the
 * next one of this boot, and nothing was written.
 */
export async function writeCommit(
  db: Pick<pg.Client, 'query'>,
  bootId: string,
  number: number,
  rows: SessionRows[],
): Promise<Set<string> | undefined> {
  const result = await db.query<{ places: number[] | null }>({
    name: 'write_commit',
    text: STATEMENT,
    values: commitParameters(bootId, number, rows),
  })
  const places = result.rows[0]!.places
  return places ? new Set(places.map((place) => rows[place - 1]!.session.sessionId)) : undefined
}
