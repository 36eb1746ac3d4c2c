// The simulator's one SQLite file: schema, prepared statements, and commits that many changes share.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

const SCHEMA = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS phone (
  number TEXT PRIMARY KEY, lid TEXT NOT NULL UNIQUE, name TEXT NOT NULL, registration_id INTEGER NOT NULL,
  identity_public BLOB NOT NULL, identity_private BLOB NOT NULL,
  signed_public BLOB NOT NULL, signed_private BLOB NOT NULL, signed_signature BLOB NOT NULL,
  next_pre_key INTEGER NOT NULL DEFAULT 1, next_device INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One-time keys that the phone handed out. A used one stays, without its private half, to notice a second use.
CREATE TABLE IF NOT EXISTS phone_pre_key (
  number TEXT NOT NULL, id INTEGER NOT NULL, public BLOB NOT NULL, private BLOB, used_by BLOB,
  PRIMARY KEY (number, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS phone_session (
  number TEXT NOT NULL, address TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (number, address)
) STRICT, WITHOUT ROWID;

-- Every (ratchet key, counter) that a phone was sent: a second one with other bytes is a re-used message key.
CREATE TABLE IF NOT EXISTS seen_counter (
  number TEXT NOT NULL, address TEXT NOT NULL, ratchet_key BLOB NOT NULL, counter INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (number, address, ratchet_key, counter)
) STRICT, WITHOUT ROWID;

-- Group chats. The member with the lowest position made the group, or took over from who did.
CREATE TABLE IF NOT EXISTS group_chat (
  id TEXT PRIMARY KEY, subject TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS group_member (
  group_id TEXT NOT NULL, number TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (group_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS group_member_number ON group_member (number);

-- Sender keys that a phone knows, by their author: its own, and those that it was given.
CREATE TABLE IF NOT EXISTS phone_sender_key (
  number TEXT NOT NULL, group_id TEXT NOT NULL, author TEXT NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (number, group_id, author)
) STRICT, WITHOUT ROWID;

-- The devices that a phone gave its own sender key to.
CREATE TABLE IF NOT EXISTS phone_sender_key_given (
  number TEXT NOT NULL, group_id TEXT NOT NULL, device TEXT NOT NULL, PRIMARY KEY (number, group_id, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS device (
  number TEXT NOT NULL, id INTEGER NOT NULL, platform TEXT NOT NULL, noise_public BLOB NOT NULL, identity BLOB NOT NULL,
  registration_id INTEGER NOT NULL, signed_id INTEGER NOT NULL, signed_public BLOB NOT NULL,
  signed_signature BLOB NOT NULL, signed_identity BLOB NOT NULL, linked_at INTEGER NOT NULL, removed_at INTEGER,
  history_at INTEGER,
  PRIMARY KEY (number, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS device_pre_key (
  number TEXT NOT NULL, device INTEGER NOT NULL, id INTEGER NOT NULL, public BLOB NOT NULL, taken_at INTEGER,
  PRIMARY KEY (number, device, id)
) STRICT, WITHOUT ROWID;

-- What the server owes a device: a row is sent at every login until the device acknowledges it. Done rows keep no stanza.
CREATE TABLE IF NOT EXISTS delivery (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL, device INTEGER NOT NULL, tag TEXT NOT NULL,
  id TEXT NOT NULL, type TEXT NOT NULL, sender TEXT, sender_device INTEGER, stanza TEXT, queued_at INTEGER NOT NULL,
  done_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS delivery_pending ON delivery (number, device, seq) WHERE done_at IS NULL;
CREATE INDEX IF NOT EXISTS delivery_id ON delivery (number, device, id);

CREATE TABLE IF NOT EXISTS message (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, phone TEXT NOT NULL, chat TEXT NOT NULL, id TEXT NOT NULL,
  direction TEXT NOT NULL, text TEXT NOT NULL, content BLOB NOT NULL, address TEXT NOT NULL, at INTEGER NOT NULL,
  status TEXT NOT NULL, target TEXT, UNIQUE (phone, chat, id, direction)
) STRICT;
CREATE INDEX IF NOT EXISTS message_id ON message (phone, id);
CREATE INDEX IF NOT EXISTS message_unread ON message (phone, chat) WHERE status = 'received';

-- Files on the media host, encrypted; the hash is of these bytes. An expired one can't be downloaded any more.
CREATE TABLE IF NOT EXISTS media_file (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
  added_at INTEGER NOT NULL, expired INTEGER NOT NULL DEFAULT 0, bytes BLOB NOT NULL
) STRICT;

-- App state: keys of the phone, its sum of the patches of a collection, the patches, and the version each device said it has.
CREATE TABLE IF NOT EXISTS app_state_key (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL, id TEXT NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS app_state (
  number TEXT NOT NULL, collection TEXT NOT NULL, sum TEXT NOT NULL, PRIMARY KEY (number, collection)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS app_state_patch (
  number TEXT NOT NULL, collection TEXT NOT NULL, version INTEGER NOT NULL, patch BLOB NOT NULL,
  PRIMARY KEY (number, collection, version)
) STRICT, WITHOUT ROWID;
-- What the patches say: each setting with its latest value, both as JSON.
CREATE TABLE IF NOT EXISTS app_state_setting (
  number TEXT NOT NULL, collection TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (number, collection, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS app_state_known (
  number TEXT NOT NULL, device INTEGER NOT NULL, collection TEXT NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (number, device, collection)
) STRICT, WITHOUT ROWID;

-- The text and the picture that an account tells of itself; of a group, its picture. The id of a picture is never given twice.
CREATE TABLE IF NOT EXISTS profile (
  number TEXT PRIMARY KEY, about TEXT, about_at INTEGER, picture BLOB, picture_id INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS block (
  number TEXT NOT NULL, contact TEXT NOT NULL, PRIMARY KEY (number, contact)
) STRICT, WITHOUT ROWID;

-- Tokens that contacts gave a device, and what it showed when it wrote to them, both in hex.
CREATE TABLE IF NOT EXISTS privacy_token (
  number TEXT NOT NULL, device INTEGER NOT NULL, contact TEXT NOT NULL, given TEXT NOT NULL, shown TEXT,
  PRIMARY KEY (number, device, contact)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ledger (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, message TEXT NOT NULL, event TEXT NOT NULL,
  direction TEXT NOT NULL, number TEXT NOT NULL, device INTEGER NOT NULL, peer TEXT NOT NULL, connection INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS ledger_message ON ledger (message);

CREATE TABLE IF NOT EXISTS connection (
  id INTEGER PRIMARY KEY AUTOINCREMENT, remote_port INTEGER NOT NULL, opened_at INTEGER NOT NULL, number TEXT,
  device INTEGER, login_at INTEGER, closed_at INTEGER, reason TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS fault (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL, number TEXT,
  device INTEGER, connection INTEGER, message TEXT
) STRICT;

-- Planned trouble: the plan is JSON, and the counts say how often it fitted and how often it struck.
CREATE TABLE IF NOT EXISTS disturbance (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, plan TEXT NOT NULL, matched INTEGER NOT NULL DEFAULT 0,
  used INTEGER NOT NULL DEFAULT 0
) STRICT;
`

/** Columns that a file of an earlier day lacks, and what needs them. */
const LATER_COLUMNS = [
  ['message', 'target', 'TEXT'],
  ['device', 'history_at', 'INTEGER'],
  ['group_chat', 'description', 'TEXT'],
  ['group_chat', 'description_id', 'TEXT'],
  ['group_chat', 'announcements', 'INTEGER'],
  ['group_chat', 'locked', 'INTEGER'],
  ['group_chat', 'invite', 'TEXT'],
  ['group_member', 'admin', 'INTEGER'],
  ['profile', 'asks_first', 'INTEGER'],
] as const
const LATER_SCHEMA = `
CREATE INDEX IF NOT EXISTS message_target ON message (phone, chat, target) WHERE target IS NOT NULL;
`

/** Raised when the file was written by another version of the simulator. */
const SCHEMA_VERSION = 1

/**
 * All changes between two turns of the event loop are committed together, and what the world may see of them (stanzas,
 * HTTP answers, events) waits for that commit: a kill of the process never takes back what somebody has seen.
 */
export class Database {
  readonly #sqlite: DatabaseSync
  /** The time that rows are stamped with, Unix milliseconds. */
  readonly now: () => number
  readonly #statements = new Map<string, StatementSync>()
  #waiting: (() => void)[] = []
  #open = false

  /** @param folder created when missing; holds `simulator.db` */
  constructor(folder: string, now: () => number = Date.now) {
    this.now = now
    mkdirSync(folder, { recursive: true })
    this.#sqlite = new DatabaseSync(join(folder, 'simulator.db'))
    this.#sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000')
    const { user_version: found } = this.#sqlite.prepare('PRAGMA user_version').get() as { user_version: number }
    if (found !== 0 && found !== SCHEMA_VERSION) {
      throw new Error(`${folder} was written by another version of the simulator (schema ${found}): use a new folder`)
    }
    this.#sqlite.exec(SCHEMA)
    for (const [table, column, type] of LATER_COLUMNS) {
      const isThere = this.#sqlite.prepare('SELECT 1 FROM pragma_table_info(?) WHERE name = ?').get(table, column)
      if (!isThere) this.#sqlite.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`)
    }
    this.#sqlite.exec(`${LATER_SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}`)
  }

  /** The first row, or undefined. */
  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[]
  }

  /** Runs a statement that changes something; answers how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    this.#begin()
    return Number(this.#prepare(sql).run(...values).changes)
  }

  /** Runs an INSERT and answers the new row's id. */
  insert(sql: string, ...values: SQLInputValue[]): number {
    this.#begin()
    return Number(this.#prepare(sql).run(...values).lastInsertRowid)
  }

  /** Runs `work`, which must not wait for anything: all of its statements are committed together, or none if it throws. */
  change<T>(work: () => T): T {
    this.#begin()
    this.#sqlite.exec('SAVEPOINT change')
    const waiting = this.#waiting.length
    try {
      const result = work()
      this.#sqlite.exec('RELEASE change')
      return result
    } catch (error) {
      this.#sqlite.exec('ROLLBACK TO change; RELEASE change')
      this.#waiting.length = waiting
      throw error
    }
  }

  /** Calls `then` once everything changed so far is committed: at once when nothing is open. Keeps the order. */
  whenDurable(then: () => void): void {
    if (this.#open) this.#waiting.push(then)
    else then()
  }

  /** Resolves once everything changed so far is committed. */
  durable(): Promise<void> {
    return new Promise((resolve) => this.whenDurable(resolve))
  }

  close(): void {
    this.#commit()
    this.#statements.clear()
    this.#sqlite.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (!statement) {
      statement = this.#sqlite.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #begin(): void {
    if (this.#open) return
    this.#sqlite.exec('BEGIN IMMEDIATE')
    this.#open = true
    setImmediate(() => this.#commit())
  }

  #commit(): void {
    if (!this.#open) return
    this.#sqlite.exec('COMMIT')
    this.#open = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const then of waiting) then()
  }
}
