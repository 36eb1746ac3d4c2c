// The log of WebSocket connections: which device, from which port, from when to when. Two owners of one session show here.
import type { Database } from './database.ts'

export interface ConnectionRecord {
  id: number
  remotePort: number
  openedAt: number
  number: string | null
  device: number | null
  loginAt: number | null
  closedAt: number | null
  /** Why it ended, such as "closed by the client", "replaced", "simulator stopped". */
  reason: string | null
}

export class Connections {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
    // Nobody wrote down the end of what was open when an earlier run of the simulator was killed.
    database.run(
      `UPDATE connection SET closed_at = ?, reason = 'simulator stopped' WHERE closed_at IS NULL`,
      database.now(),
    )
  }

  open(remotePort: number): number {
    const sql = 'INSERT INTO connection (remote_port, opened_at) VALUES (?, ?)'
    return this.#database.insert(sql, remotePort, this.#database.now())
  }

  login(id: number, number: string, device: number): void {
    const sql = 'UPDATE connection SET number = ?, device = ?, login_at = ? WHERE id = ?'
    this.#database.run(sql, number, device, this.#database.now(), id)
  }

  close(id: number, reason: string): void {
    const sql = 'UPDATE connection SET closed_at = ?, reason = ? WHERE id = ? AND closed_at IS NULL'
    this.#database.run(sql, this.#database.now(), reason, id)
  }

  /** The latest ones, oldest first. */
  latest(limit: number): ConnectionRecord[] {
    const sql = 'SELECT ifnull(max(id), 0) AS id FROM connection'
    return this.list(this.#database.get<{ id: number }>(sql)!.id - limit, limit)
  }

  /** Oldest first, after `after` (an id); at most `limit`. */
  list(after: number, limit: number, number?: string): ConnectionRecord[] {
    return this.#database.all<ConnectionRecord>(
      `SELECT id, remote_port AS remotePort, opened_at AS openedAt, number, device, login_at AS loginAt,
         closed_at AS closedAt, reason
       FROM connection WHERE id > ?1 AND (?2 IS NULL OR number = ?2) ORDER BY id LIMIT ?3`,
      after,
      number ?? null,
      limit,
    )
  }
}
