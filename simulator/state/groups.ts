// Groups: chats of several phones.
import { randomBytes } from 'node:crypto'
import type { Random } from '../random.ts'
import type { Database } from './database.ts'

export interface Group {
  /** As WhatsApp addresses it: `120363…@g.us`. */
  id: string
  subject: string
  /** Phone numbers, who has been in it longest first: that one made the group, or took over from who did. */
  members: string[]
  /** Those of the members who may do more. The first member always is one. */
  admins: string[]
  /** Whoever writes another one must know the id of the one before. */
  description: { id: string; text: string } | null
  /** Only admins may write. */
  announcements: boolean
  /** Only admins may change what the group is called and says of itself. */
  locked: boolean
  /** Unix milliseconds. */
  createdAt: number
}

interface Row {
  subject: string
  created_at: number
  description: string | null
  description_id: string | null
  announcements: number | null
  locked: number | null
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
    const columns = 'subject, created_at, description, description_id, announcements, locked'
    const row = this.#database.get<Row>(`SELECT ${columns} FROM group_chat WHERE id = ?`, id)
    if (!row) return undefined
    const sql = 'SELECT number, admin FROM group_member WHERE group_id = ? ORDER BY position'
    const members = this.#database.all<{ number: string; admin: number | null }>(sql, id)
    const { description: text, description_id: descriptionId } = row
    return {
      id,
      subject: row.subject,
      members: members.map(({ number }) => number),
      admins: members.filter(({ admin }, position) => position === 0 || admin === 1).map(({ number }) => number),
      description: text !== null && descriptionId !== null ? { id: descriptionId, text } : null,
      announcements: row.announcements === 1,
      locked: row.locked === 1,
      createdAt: row.created_at,
    }
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

  setAdmin(id: string, number: string, isAdmin: boolean): void {
    const sql = 'UPDATE group_member SET admin = ? WHERE group_id = ? AND number = ?'
    this.#database.run(sql, isAdmin ? 1 : 0, id, number)
  }

  describe(id: string, description: { id: string; text: string } | undefined): void {
    const sql = 'UPDATE group_chat SET description = ?, description_id = ? WHERE id = ?'
    this.#database.run(sql, description?.text ?? null, description?.id ?? null, id)
  }

  set(id: string, setting: 'announcements' | 'locked', isOn: boolean): void {
    this.#database.run(`UPDATE group_chat SET ${setting} = ? WHERE id = ?`, isOn ? 1 : 0, id)
  }

  /** The code that lets whoever knows it into the group. */
  invite(id: string): string {
    const row = this.#database.get<{ invite: string | null }>('SELECT invite FROM group_chat WHERE id = ?', id)
    return row?.invite ?? this.renewInvite(id)
  }

  /** The one before opens nothing any more. */
  renewInvite(id: string): string {
    const code = randomBytes(16).toString('base64url')
    this.#database.run('UPDATE group_chat SET invite = ? WHERE id = ?', code, id)
    return code
  }

  findByInvite(code: string): Group | undefined {
    const row = this.#database.get<{ id: string }>('SELECT id FROM group_chat WHERE invite = ?', code)
    return row && this.find(row.id)
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
