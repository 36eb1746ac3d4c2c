// Privacy tokens: what a contact gives an account so that the account may write to it, and what the account shows.
import type { Database } from './database.ts'

export interface PrivacyToken {
  /** Whose chat it is for: a phone number. */
  contact: string
  /** Hex. */
  given: string
  /** What the device showed in its last message to the contact; null: nothing yet. */
  shown: string | null
}

export class PrivacyTokens {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  give(number: string, device: number, contact: string, token: Buffer): void {
    this.#database.run(
      `INSERT INTO privacy_token (number, device, contact, given) VALUES (?, ?, ?, ?)
       ON CONFLICT (number, device, contact) DO UPDATE SET given = excluded.given`,
      number,
      device,
      contact,
      token.toString('hex'),
    )
  }

  show(number: string, device: number, contact: string, token: Buffer): void {
    this.#database.run(
      'UPDATE privacy_token SET shown = ? WHERE number = ? AND device = ? AND contact = ?',
      token.toString('hex'),
      number,
      device,
      contact,
    )
  }

  of(number: string, device: number): PrivacyToken[] {
    const sql = 'SELECT contact, given, shown FROM privacy_token WHERE number = ? AND device = ? ORDER BY contact'
    return this.#database.all<PrivacyToken>(sql, number, device)
  }
}
