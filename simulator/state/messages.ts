// Messages as each phone sees them: one row per phone, chat, id and direction.
import type { Database } from './database.ts'

export interface Message {
  seq: number
  id: string
  /** The other side's phone number, or the group's id. */
  chat: string
  direction: 'in' | 'out'
  text: string
  /** An encoded `proto.Message`. */
  content: Buffer
  /** Id of the message that this one changes (an edit, a reaction…); null for one that stands for itself. */
  target: string | null
  /** Of a received message, its writer's address; of a sent one, the chat's as it was written to: receipts must use the same. */
  address: string
  at: number
  status: MessageStatus
}

/** Outgoing: sent, delivered, read. Incoming: received, read. */
export type MessageStatus = 'sent' | 'delivered' | 'received' | 'read'

export interface Chat {
  chat: string
  lastText: string
  lastDirection: 'in' | 'out'
  lastAt: number
  unread: number
}

interface Row extends Omit<Message, 'content'> {
  content: Uint8Array
}

export class Messages {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** False when the phone has this message already: phones drop a repeated id. */
  add(phone: string, message: Omit<Message, 'seq'>): boolean {
    const { chat, id, direction, text, content, target, address, at, status } = message
    const added = this.#database.run(
      `INSERT INTO message (phone, chat, id, direction, text, content, target, address, at, status)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      phone,
      chat,
      id,
      direction,
      text,
      content,
      target,
      address,
      at,
      status,
    )
    return added > 0
  }

  find(phone: string, chat: string, id: string, direction: 'in' | 'out'): Message | undefined {
    const row = this.#database.get<Row>(
      'SELECT * FROM message WHERE phone = ? AND chat = ? AND id = ? AND direction = ?',
      phone,
      chat,
      id,
      direction,
    )
    return row && message(row)
  }

  /** What the phone wrote under this id, in whichever chat. */
  findSent(phone: string, id: string): Message | undefined {
    const sql = `SELECT * FROM message WHERE phone = ? AND id = ? AND direction = 'out' LIMIT 1`
    const row = this.#database.get<Row>(sql, phone, id)
    return row && message(row)
  }

  /** Those that stand for themselves, newest last; at most `limit`, older than `before` (a `seq`). */
  list(phone: string, chat: string, limit: number, before = Number.MAX_SAFE_INTEGER): Message[] {
    const rows = this.#database.all<Row>(
      `SELECT * FROM message WHERE phone = ? AND chat = ? AND target IS NULL AND seq < ? ORDER BY seq DESC LIMIT ?`,
      phone,
      chat,
      before,
      limit,
    )
    return rows.reverse().map(message)
  }

  /** What changes these messages, in the order of its coming. */
  changes(phone: string, chat: string, ids: string[]): Message[] {
    const sql = `SELECT * FROM message WHERE phone = ? AND chat = ? AND target IS NOT NULL
       AND target IN (SELECT value FROM json_each(?)) ORDER BY seq`
    return this.#database.all<Row>(sql, phone, chat, JSON.stringify(ids)).map(message)
  }

  /** The phone's chats, the latest first. */
  chats(phone: string): Chat[] {
    // SQLite takes the other columns from the row that has the maximum.
    const rows = this.#database.all<Chat & { last: number }>(
      `SELECT chat, max(seq) AS last, text AS lastText, direction AS lastDirection, at AS lastAt,
         sum(status = 'received') AS unread
       FROM message WHERE phone = ? AND target IS NULL GROUP BY chat ORDER BY last DESC`,
      phone,
    )
    return rows.map(({ last: _, ...chat }) => chat)
  }

  /** Incoming messages of the chat that aren't read yet, oldest first. */
  unread(phone: string, chat: string): Message[] {
    const sql = `SELECT * FROM message
       WHERE phone = ? AND chat = ? AND status = 'received' AND target IS NULL ORDER BY seq`
    return this.#database.all<Row>(sql, phone, chat).map(message)
  }

  /** Raises a status; never lowers it. False when there was nothing to raise. */
  raise(phone: string, chat: string, id: string, direction: 'in' | 'out', status: MessageStatus): boolean {
    const lower = status === 'read' ? ['sent', 'delivered', 'received'] : ['sent', 'sent', 'sent']
    const raised = this.#database.run(
      `UPDATE message SET status = ? WHERE phone = ? AND chat = ? AND id = ? AND direction = ? AND status IN (?, ?, ?)`,
      status,
      phone,
      chat,
      id,
      direction,
      ...lower,
    )
    return raised > 0
  }
}

function message(row: Row): Message {
  return { ...row, content: Buffer.from(row.content) }
}
