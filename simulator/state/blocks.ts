// Who has blocked whom.
import type { Database } from './database.ts'

export class Blocks {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Numbers that an account has blocked. */
  of(number: string): string[] {
    const sql = 'SELECT contact FROM block WHERE number = ? ORDER BY contact'
    return this.#database.all<{ contact: string }>(sql, number).map(({ contact }) => contact)
  }

  has(number: string, contact: string): boolean {
    return this.#database.get('SELECT 1 FROM block WHERE number = ? AND contact = ?', number, contact) !== undefined
  }

  /** False when it was so already. */
  set(number: string, contact: string, blocked: boolean): boolean {
    const sql = blocked
      ? 'INSERT INTO block (number, contact) VALUES (?, ?) ON CONFLICT DO NOTHING'
      : 'DELETE FROM block WHERE number = ? AND contact = ?'
    return this.#database.run(sql, number, contact) > 0
  }
}
