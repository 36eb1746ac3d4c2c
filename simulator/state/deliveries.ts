// Deliveries: stanzas that the server owes a device. Each is sent at every login until the device acknowledges it.
import { BufferJSON } from '@whiskeysockets/baileys'
import type { Stanza } from '../whatsapp/stanza.ts'
import type { Database } from './database.ts'

export interface Delivery {
  seq: number
  stanza: Stanza
  /** For a message: the number that wrote it, and its device. */
  sender: { number: string; device: number } | undefined
}

/** `pending` until acknowledged, then `done`; `unknown` was never sent to this device. */
export type DeliveryState = 'pending' | 'done' | 'unknown'

export class Deliveries {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add(number: string, device: number, stanza: Stanza, sender?: { number: string; device: number }): void {
    this.#database.run(
      `INSERT INTO delivery (number, device, tag, id, type, sender, sender_device, stanza, queued_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      number,
      device,
      stanza.tag,
      stanza.attrs.id ?? '',
      stanza.attrs.type ?? '',
      sender?.number ?? null,
      sender?.device ?? null,
      JSON.stringify(stanza, BufferJSON.replacer),
      this.#database.now(),
    )
  }

  /** What the device hasn't acknowledged, oldest first. @param after a `seq` @param limit all of it when left out */
  pending(number: string, device: number, after = 0, limit = -1): Delivery[] {
    const rows = this.#database.all<{
      seq: number
      stanza: string
      sender: string | null
      sender_device: number | null
    }>(
      `SELECT seq, stanza, sender, sender_device FROM delivery
       WHERE number = ? AND device = ? AND done_at IS NULL AND seq > ? ORDER BY seq LIMIT ?`,
      number,
      device,
      after,
      limit,
    )
    return rows.map((row) => ({
      seq: row.seq,
      stanza: JSON.parse(row.stanza, BufferJSON.reviver) as Stanza,
      sender: row.sender === null ? undefined : { number: row.sender, device: row.sender_device ?? 0 },
    }))
  }

  /** How many messages, receipts and notifications wait. */
  counts(number: string, device: number): { message: number; receipt: number; notification: number } {
    const rows = this.#database.all<{ tag: 'message' | 'receipt' | 'notification'; n: number }>(
      'SELECT tag, count(*) AS n FROM delivery WHERE number = ? AND device = ? AND done_at IS NULL GROUP BY tag',
      number,
      device,
    )
    const counts = { message: 0, receipt: 0, notification: 0 }
    for (const row of rows) counts[row.tag] = row.n
    return counts
  }

  /** True when such a stanza waits already. */
  has(number: string, device: number, tag: string, type: string): boolean {
    const sql = `SELECT 1 FROM delivery WHERE number = ? AND device = ? AND tag = ? AND type = ? AND done_at IS NULL LIMIT 1`
    return this.#database.get(sql, number, device, tag, type) !== undefined
  }

  /**
   * The device has the stanza.
   * @param which.type told apart only when given: a "delivered" and a "read" receipt share their id
   * @param which.oldest only the first of several under one id: what the device refused, not what was sent again since
   */
  acknowledge(
    number: string,
    device: number,
    tag: string,
    id: string,
    which: { type?: string | undefined; oldest?: boolean } = {},
  ): DeliveryState {
    const rows = this.#database.all<{ seq: number; done_at: number | null }>(
      `SELECT seq, done_at FROM delivery
       WHERE number = ? AND device = ? AND id = ? AND tag = ? AND type = ifnull(?, type)
       ORDER BY seq`,
      number,
      device,
      id,
      tag,
      which.type ?? null,
    )
    if (!rows.length) return 'unknown'
    const open = rows.filter((row) => row.done_at === null)
    for (const row of which.oldest ? open.slice(0, 1) : open) {
      this.#database.run('UPDATE delivery SET done_at = ?, stanza = NULL WHERE seq = ?', this.#database.now(), row.seq)
    }
    return open.length ? 'pending' : 'done'
  }

  /** Who wrote the message with this id to this device, or whom a notice was about. */
  sender(number: string, device: number, id: string, tag = 'message'): { number: string; device: number } | undefined {
    const row = this.#database.get<{ sender: string; sender_device: number }>(
      `SELECT sender, sender_device FROM delivery
       WHERE number = ? AND device = ? AND id = ? AND tag = ? AND sender IS NOT NULL ORDER BY seq DESC LIMIT 1`,
      number,
      device,
      id,
      tag,
    )
    return row && { number: row.sender, device: row.sender_device }
  }
}
