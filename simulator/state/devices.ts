// Devices: what is linked to a phone's account, and the keys that it uploaded for others to write to it.
import type { Database } from './database.ts'

export interface Device {
  /** The account's phone number. */
  number: string
  /** 1 and up; 0 is the phone itself. */
  id: number
  /** What the device said it is, such as "Chrome (Ubuntu)". */
  platform: string
  /** Who connects with this key is this device. 32 bytes. */
  noiseKey: Buffer
  /** Public Signal identity key. 32 bytes. */
  identity: Buffer
  registrationId: number
  signedPreKey: SignedPreKey
  /** An encoded `ADVSignedDeviceIdentity`: the proof that the account's phone and the device know each other. */
  signedIdentity: Buffer
  linkedAt: number
  removedAt: number | undefined
}

export interface SignedPreKey {
  id: number
  /** 32 bytes. */
  public: Buffer
  signature: Buffer
}

export interface PreKey {
  id: number
  /** 32 bytes. */
  public: Buffer
}

/** What became of an uploaded pre-key. `stored` also when the very same key was there and unused. */
export type Upload = 'stored' | 'taken before' | 'replaced another'

interface Row {
  number: string
  id: number
  platform: string
  noise_public: Uint8Array
  identity: Uint8Array
  registration_id: number
  signed_id: number
  signed_public: Uint8Array
  signed_signature: Uint8Array
  signed_identity: Uint8Array
  linked_at: number
  removed_at: number | null
}

export class Devices {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add(device: Device): void {
    this.#database.run(
      `INSERT INTO device (number, id, platform, noise_public, identity, registration_id, signed_id, signed_public,
         signed_signature, signed_identity, linked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      device.number,
      device.id,
      device.platform,
      device.noiseKey,
      device.identity,
      device.registrationId,
      device.signedPreKey.id,
      device.signedPreKey.public,
      device.signedPreKey.signature,
      device.signedIdentity,
      device.linkedAt,
    )
  }

  /** True once the device was told what was before it was linked. */
  hasHistory(number: string, id: number): boolean {
    const sql = 'SELECT 1 FROM device WHERE number = ? AND id = ? AND history_at IS NOT NULL'
    return this.#database.get(sql, number, id) !== undefined
  }

  setHistory(number: string, id: number): void {
    const sql = 'UPDATE device SET history_at = ? WHERE number = ? AND id = ?'
    this.#database.run(sql, this.#database.now(), number, id)
  }

  /** Removed devices are found too. */
  find(number: string, id: number): Device | undefined {
    const row = this.#database.get<Row>('SELECT * FROM device WHERE number = ? AND id = ?', number, id)
    return row && device(row)
  }

  /** The linked devices of an account. */
  of(number: string): Device[] {
    const sql = 'SELECT * FROM device WHERE number = ? AND removed_at IS NULL ORDER BY id'
    return this.#database.all<Row>(sql, number).map(device)
  }

  /** All linked devices. */
  list(): Device[] {
    return this.#database.all<Row>('SELECT * FROM device WHERE removed_at IS NULL ORDER BY number, id').map(device)
  }

  remove(number: string, id: number): void {
    const at = this.#database.now()
    this.#database.run(
      'UPDATE device SET removed_at = ? WHERE number = ? AND id = ? AND removed_at IS NULL',
      at,
      number,
      id,
    )
    this.#database.run('DELETE FROM device_pre_key WHERE number = ? AND device = ?', number, id)
    this.#database.run('DELETE FROM delivery WHERE number = ? AND device = ? AND done_at IS NULL', number, id)
  }

  setKeys(number: string, id: number, registrationId: number, signed: SignedPreKey): void {
    this.#database.run(
      `UPDATE device SET registration_id = ?, signed_id = ?, signed_public = ?, signed_signature = ?
       WHERE number = ? AND id = ?`,
      registrationId,
      signed.id,
      signed.public,
      signed.signature,
      number,
      id,
    )
  }

  uploadPreKey(number: string, id: number, key: PreKey): Upload {
    const had = this.#database.get<{ public: Uint8Array; taken_at: number | null }>(
      'SELECT public, taken_at FROM device_pre_key WHERE number = ? AND device = ? AND id = ?',
      number,
      id,
      key.id,
    )
    if (!had) {
      this.#database.run(
        'INSERT INTO device_pre_key (number, device, id, public) VALUES (?, ?, ?, ?)',
        number,
        id,
        key.id,
        key.public,
      )
      return 'stored'
    }
    const same = Buffer.from(had.public).equals(key.public)
    if (had.taken_at === null && same) return 'stored'
    this.#database.run(
      'UPDATE device_pre_key SET public = ?, taken_at = NULL WHERE number = ? AND device = ? AND id = ?',
      key.public,
      number,
      id,
      key.id,
    )
    return had.taken_at === null ? 'replaced another' : 'taken before'
  }

  /** Hands out a one-time key; each only once. Undefined when none is left. */
  takePreKey(number: string, id: number): PreKey | undefined {
    const row = this.#database.get<{ id: number; public: Uint8Array }>(
      'SELECT id, public FROM device_pre_key WHERE number = ? AND device = ? AND taken_at IS NULL ORDER BY id LIMIT 1',
      number,
      id,
    )
    if (!row) return undefined
    this.#database.run(
      'UPDATE device_pre_key SET taken_at = ? WHERE number = ? AND device = ? AND id = ?',
      this.#database.now(),
      number,
      id,
      row.id,
    )
    return { id: row.id, public: Buffer.from(row.public) }
  }

  /** How many one-time keys are left. */
  preKeys(number: string, id: number): number {
    const sql = 'SELECT count(*) AS n FROM device_pre_key WHERE number = ? AND device = ? AND taken_at IS NULL'
    return this.#database.get<{ n: number }>(sql, number, id)!.n
  }
}

function device(row: Row): Device {
  return {
    number: row.number,
    id: row.id,
    platform: row.platform,
    noiseKey: Buffer.from(row.noise_public),
    identity: Buffer.from(row.identity),
    registrationId: row.registration_id,
    signedPreKey: {
      id: row.signed_id,
      public: Buffer.from(row.signed_public),
      signature: Buffer.from(row.signed_signature),
    },
    signedIdentity: Buffer.from(row.signed_identity),
    linkedAt: row.linked_at,
    removedAt: row.removed_at ?? undefined,
  }
}
