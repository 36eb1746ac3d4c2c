// What an account tells of itself besides its name: a text ("about") and a picture; whether others may add it to groups.
// Groups have a picture, too.
import type { Database } from './database.ts'

export interface About {
  text: string
  /** Unix milliseconds. */
  setAt: number
}

export interface Picture {
  /** Each new picture has another. */
  id: string
  bytes: Buffer
}

export class Profiles {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  about(number: string): About | undefined {
    const sql = 'SELECT about, about_at FROM profile WHERE number = ?'
    const row = this.#database.get<{ about: string | null; about_at: number | null }>(sql, number)
    return row && row.about !== null && row.about_at !== null ? { text: row.about, setAt: row.about_at } : undefined
  }

  setAbout(number: string, text: string): void {
    this.#database.run(
      `INSERT INTO profile (number, about, about_at) VALUES (?, ?, ?)
       ON CONFLICT (number) DO UPDATE SET about = excluded.about, about_at = excluded.about_at`,
      number,
      text,
      this.#database.now(),
    )
  }

  /** Others can't add the account to a group: they must invite it. */
  asksFirst(number: string): boolean {
    const row = this.#database.get<{ asks_first: number | null }>(
      'SELECT asks_first FROM profile WHERE number = ?',
      number,
    )
    return row?.asks_first === 1
  }

  setAsksFirst(number: string, asksFirst: boolean): void {
    this.#database.run(
      `INSERT INTO profile (number, asks_first) VALUES (?, ?)
       ON CONFLICT (number) DO UPDATE SET asks_first = excluded.asks_first`,
      number,
      asksFirst ? 1 : 0,
    )
  }

  /** @param number of the account, or the id of a group */
  picture(number: string): Picture | undefined {
    const sql = 'SELECT picture, picture_id FROM profile WHERE number = ?'
    const row = this.#database.get<{ picture: Uint8Array | null; picture_id: number }>(sql, number)
    return row?.picture ? { id: String(row.picture_id), bytes: Buffer.from(row.picture) } : undefined
  }

  /** Undefined takes it away. */
  setPicture(number: string, bytes: Buffer | undefined): void {
    this.#database.run(
      `INSERT INTO profile (number, picture, picture_id) VALUES (?, ?, 1)
       ON CONFLICT (number) DO UPDATE SET picture = excluded.picture, picture_id = picture_id + 1`,
      number,
      bytes ?? null,
    )
  }
}
