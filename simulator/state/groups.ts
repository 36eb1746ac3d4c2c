// Groups: chats of several phones.
import type { Random } from '../random.ts'
import type { Database } from './database.ts'

export interface Group {
  /** As WhatsApp addresses it: `120363…@g.us`. */
  id: string
  subject: string
  /** Phone numbers, who has been in it longest first: that one made the group, or took over from who did. */
  members: string[]
  /** Unix milliseconds. */
  createdAt: number
}

export class Groups {
  readonly #database: Database
  readonly #random: Random

  constructor(database: Database, random: Random) {
    this.#database = database
    this.#random = random
  }

  /** @param members numbers of phones that exist, each once */
  create(subject: string, members: string[]): Group {
    const id = this.#freeId()
    this.#database.change(() => {
      const sql = 'INSERT INTO group_chat (id, subject, created_at) VALUES (?, ?, ?)'
      this.#database.run(sql, id, subject, this.#database.now())
      for (const [position, number] of members.entries()) {
        const sql = 'INSERT INTO group_member (group_id, number, position) VALUES (?, ?, ?)'
        this.#database.run(sql, id, number, position)
      }
    })
    return this.find(id)!
  }

  find(id: string): Group | undefined {
    const row = this.#database.get<{ subject: string; created_at: number }>(
      'SELECT subject, created_at FROM group_chat WHERE id = ?',
      id,
    )
    if (!row) return undefined
    const sql = 'SELECT number FROM group_member WHERE group_id = ? ORDER BY position'
    const members = this.#database.all<{ number: string }>(sql, id).map(({ number }) => number)
    return { id, subject: row.subject, members, createdAt: row.created_at }
  }

  /** The number must not be in it. */
  add(id: string, number: string): void {
    const sql = `INSERT INTO group_member (group_id, number, position)
      SELECT ?1, ?2, ifnull(max(position), 0) + 1 FROM group_member WHERE group_id = ?1`
    this.#database.run(sql, id, number)
  }

  remove(id: string, number: string): void {
    this.#database.run('DELETE FROM group_member WHERE group_id = ? AND number = ?', id, number)
  }

  rename(id: string, subject: string): void {
    this.#database.run('UPDATE group_chat SET subject = ? WHERE id = ?', subject, id)
  }

  list(): Group[] {
    const rows = this.#database.all<{ id: string }>('SELECT id FROM group_chat ORDER BY created_at, id')
    return rows.map(({ id }) => this.find(id)!)
  }

  /** Those that an account is in. */
  of(number: string): Group[] {
    const sql = 'SELECT group_id AS id FROM group_member WHERE number = ? ORDER BY group_id'
    return this.#database.all<{ id: string }>(sql, number).map(({ id }) => this.find(id)!)
  }

  #freeId(): string {
    for (;;) {
      const id = `120363${String(this.#random.below(1e12)).padStart(12, '0')}@g.us`
      if (!this.find(id)) return id
    }
  }
}
