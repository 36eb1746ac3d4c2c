// App state: the settings that the devices of an account share (muted chats and so on), as numbered, encrypted patches. The
// server keeps the patches; the phone has the keys and knows what the patches add up to.
import { BufferJSON, type LTHashState, newLTHashState } from '@whiskeysockets/baileys'
import type { Database } from './database.ts'

export const COLLECTIONS = ['critical_block', 'critical_unblock_low', 'regular_high', 'regular_low', 'regular'] as const
export type Collection = (typeof COLLECTIONS)[number]

export interface AppStateKey {
  /** Base64, as Baileys names keys. */
  id: string
  /** 32 bytes. */
  data: Buffer
}

export interface Setting {
  collection: Collection
  /** What it is about, such as `["mute", "5511…@s.whatsapp.net"]`. */
  name: string[]
  /** Its `SyncActionValue`. */
  value: Record<string, unknown>
}

export class AppState {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  addKey(number: string, { id, data }: AppStateKey): void {
    this.#database.run('INSERT INTO app_state_key (number, id, data) VALUES (?, ?, ?)', number, id, data)
  }

  /** The phone's newest key. */
  key(number: string): AppStateKey | undefined {
    const row = this.#database.get<{ id: string; data: Uint8Array }>(
      'SELECT id, data FROM app_state_key WHERE number = ? ORDER BY seq DESC LIMIT 1',
      number,
    )
    return row && { id: row.id, data: Buffer.from(row.data) }
  }

  findKey(number: string, id: string): AppStateKey | undefined {
    const sql = 'SELECT data FROM app_state_key WHERE number = ? AND id = ?'
    const row = this.#database.get<{ data: Uint8Array }>(sql, number, id)
    return row && { id, data: Buffer.from(row.data) }
  }

  /** What the patches of a collection add up to. */
  sum(number: string, collection: Collection): LTHashState {
    const sql = 'SELECT sum FROM app_state WHERE number = ? AND collection = ?'
    const row = this.#database.get<{ sum: string }>(sql, number, collection)
    return row ? (JSON.parse(row.sum, BufferJSON.reviver) as LTHashState) : newLTHashState()
  }

  /** @param sum with the patch, whose number it has */
  addPatch(number: string, collection: Collection, patch: Uint8Array, sum: LTHashState): void {
    this.#database.run(
      'INSERT INTO app_state_patch (number, collection, version, patch) VALUES (?, ?, ?, ?)',
      number,
      collection,
      sum.version,
      patch,
    )
    this.#database.run(
      `INSERT INTO app_state (number, collection, sum) VALUES (?, ?, ?)
       ON CONFLICT (number, collection) DO UPDATE SET sum = excluded.sum`,
      number,
      collection,
      JSON.stringify(sum, BufferJSON.replacer),
    )
  }

  settings(number: string): Setting[] {
    const rows = this.#database.all<{ collection: Collection; name: string; value: string }>(
      'SELECT collection, name, value FROM app_state_setting WHERE number = ? ORDER BY collection, name',
      number,
    )
    return rows.map(({ collection, name, value }) => {
      return { collection, name: JSON.parse(name) as string[], value: JSON.parse(value) as Setting['value'] }
    })
  }

  set(number: string, { collection, name, value }: Setting): void {
    this.#database.run(
      `INSERT INTO app_state_setting (number, collection, name, value) VALUES (?, ?, ?, ?)
       ON CONFLICT (number, collection, name) DO UPDATE SET value = excluded.value`,
      number,
      collection,
      JSON.stringify(name),
      JSON.stringify(value),
    )
  }

  unset(number: string, collection: Collection, name: string[]): void {
    const sql = 'DELETE FROM app_state_setting WHERE number = ? AND collection = ? AND name = ?'
    this.#database.run(sql, number, collection, JSON.stringify(name))
  }

  /** Encoded `SyncdPatch`es, oldest first. */
  patchesAfter(number: string, collection: string, version: number): Buffer[] {
    const rows = this.#database.all<{ patch: Uint8Array }>(
      'SELECT patch FROM app_state_patch WHERE number = ? AND collection = ? AND version > ? ORDER BY version',
      number,
      collection,
      version,
    )
    return rows.map((row) => Buffer.from(row.patch))
  }

  /** A device asked for what comes after this version, so it could read everything before. */
  setKnown(number: string, device: number, collection: string, version: number): void {
    this.#database.run(
      `INSERT INTO app_state_known (number, device, collection, version) VALUES (?, ?, ?, ?)
       ON CONFLICT (number, device, collection) DO UPDATE SET version = excluded.version`,
      number,
      device,
      collection,
      version,
    )
  }

  /** Collection → the version that the device said it has. */
  known(number: string, device: number): Record<string, number> {
    const rows = this.#database.all<{ collection: string; version: number }>(
      'SELECT collection, version FROM app_state_known WHERE number = ? AND device = ?',
      number,
      device,
    )
    return Object.fromEntries(rows.map((row) => [row.collection, row.version]))
  }
}
