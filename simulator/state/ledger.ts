// The ledger: what happened to each message, for a judge outside who counts lost and doubled ones. Rows are only added.
import type { Database } from './database.ts'

/** `to-device`: somebody wrote to the account. `from-device`: the account's device wrote to somebody. */
export type Direction = 'to-device' | 'from-device'

/**
 * To a device: queued, sent (each time it goes out), then what the device answers: delivered, read, retry or refused.
 * From a device: submitted (each time it arrives); received, duplicate or failed at the addressed phone; delivered and
 * read when the device is told so.
 */
export const EVENTS_TO_DEVICE = ['queued', 'sent', 'delivered', 'read', 'retry', 'refused'] as const
export const EVENTS_FROM_DEVICE = ['submitted', 'received', 'duplicate', 'failed', 'delivered', 'read'] as const
export type LedgerEvent = (typeof EVENTS_TO_DEVICE)[number] | (typeof EVENTS_FROM_DEVICE)[number]

export interface LedgerEntry {
  seq: number
  at: number
  /** The message's WhatsApp id. */
  message: string
  event: LedgerEvent
  direction: Direction
  /** The account, and its device. */
  number: string
  device: number
  /** The other side's phone number; of a message submitted to a group, the group's id. */
  peer: string
  /** The connection that it went over; null when none was needed. */
  connection: number | null
}

export type NewEntry = Omit<LedgerEntry, 'seq' | 'at' | 'connection'> & { connection?: number | undefined }

/** All entries of one message, one device and one other side: a message to a group has one for each member. */
export interface LedgerMessage {
  message: string
  direction: Direction
  number: string
  device: number
  peer: string
  firstAt: number
  lastAt: number
  /** How often each event happened. */
  counts: Partial<Record<LedgerEvent, number>>
  /** The connections that it went over, in the order of their ids. */
  connections: number[]
}

export class Ledger {
  readonly #database: Database
  readonly #watchers = new Set<(entry: NewEntry) => void>()

  constructor(database: Database) {
    this.#database = database
  }

  /** Calls `watcher` with each entry that is added from now on. Answers what ends it. */
  watch(watcher: (entry: NewEntry) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  add(entry: NewEntry): void {
    for (const watcher of this.#watchers) watcher(entry)
    const { message, event, direction, number, device, peer, connection } = entry
    this.#database.run(
      `INSERT INTO ledger (at, message, event, direction, number, device, peer, connection)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      this.#database.now(),
      message,
      event,
      direction,
      number,
      device,
      peer,
      connection ?? null,
    )
  }

  /** In the order in which it happened, after `after`; at most `limit`. */
  entries(after: number, limit: number, number?: string): LedgerEntry[] {
    const sql = 'SELECT * FROM ledger WHERE seq > ? AND number = ifnull(?, number) ORDER BY seq LIMIT ?'
    return this.#database.all<LedgerEntry>(sql, after, number ?? null, limit)
  }

  /** Entries added up per message, device and other side, whose first entry is after `after` (a time in Unix milliseconds). */
  messages(after: number, number?: string, message?: string): LedgerMessage[] {
    const rows = this.#database.all<
      LedgerEntry & { n: number; first: number; last: number; connections: string | null }
    >(
      `SELECT message, direction, number, device, peer, event, count(*) AS n, min(at) AS first, max(at) AS last,
         group_concat(DISTINCT connection) AS connections
       FROM ledger WHERE number = ifnull(?, number) AND message = ifnull(?, message)
       GROUP BY message, direction, number, device, peer, event ORDER BY min(seq)`,
      number ?? null,
      message ?? null,
    )
    const found = new Map<string, LedgerMessage>()
    for (const row of rows) {
      const key = `${row.message} ${row.direction} ${row.number} ${row.device} ${row.peer}`
      const { message: id, direction, number: account, device, peer } = row
      const entry = found.get(key) ?? {
        message: id,
        direction,
        number: account,
        device,
        peer,
        firstAt: row.first,
        lastAt: row.last,
        counts: {},
        connections: [],
      }
      entry.counts[row.event] = row.n
      entry.firstAt = Math.min(entry.firstAt, row.first)
      entry.lastAt = Math.max(entry.lastAt, row.last)
      const connections = (row.connections ?? '').split(',').filter(Boolean).map(Number)
      entry.connections = [...new Set([...entry.connections, ...connections])].sort((a, b) => a - b)
      found.set(key, entry)
    }
    return [...found.values()].filter((entry) => entry.firstAt > after)
  }

  /** How often something happened to this message of a device, with everybody or one other side. */
  count(message: string, number: string, device: number, event: LedgerEvent, peer?: string): number {
    const sql = `SELECT count(*) AS n FROM ledger
      WHERE message = ? AND number = ? AND device = ? AND event = ? AND peer = ifnull(?, peer)`
    return this.#database.get<{ n: number }>(sql, message, number, device, event, peer ?? null)!.n
  }

  /** How often each event happened in all. */
  totals(): Record<string, number> {
    const rows = this.#database.all<{ name: string; n: number }>(
      `SELECT direction || ':' || event AS name, count(*) AS n FROM ledger GROUP BY direction, event`,
    )
    return Object.fromEntries(rows.map((row) => [row.name, row.n]))
  }
}
