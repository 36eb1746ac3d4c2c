// Phones: simulated people. A phone owns its account (devices link to it) and is a contact of other accounts.
import type { Random } from '../random.ts'
import { curve, type KeyPair } from '../whatsapp/signal/libsignal.ts'
import type { Database } from './database.ts'

export interface Phone {
  /** International, digits only. */
  number: string
  /** The account's other identity, that hides the number: digits only. */
  lid: string
  name: string
  registrationId: number
  identity: KeyPair
  signedPreKey: { id: number; pair: KeyPair; signature: Buffer }
  /** Unix milliseconds. */
  createdAt: number
}

interface Row {
  number: string
  lid: string
  name: string
  registration_id: number
  identity_public: Uint8Array
  identity_private: Uint8Array
  signed_public: Uint8Array
  signed_private: Uint8Array
  signed_signature: Uint8Array
  created_at: number
}

/** A phone's signed pre-key never changes here. */
const SIGNED_PRE_KEY_ID = 1

export class Phones {
  readonly #database: Database
  readonly #random: Random
  /** Only its name ever changes. */
  readonly #cache = new Map<string, Phone>()
  readonly #numbers = new Map<string, string>()

  constructor(database: Database, random: Random) {
    this.#database = database
    this.#random = random
  }

  /** The number must not exist yet. */
  create(number: string, name: string): Phone {
    const identity = curve.generateKeyPair()
    const signed = curve.generateKeyPair()
    const signature = curve.calculateSignature(identity.privKey, signed.pubKey)
    const row = [this.#freeLid(), name, 1 + this.#random.below(16_379), identity.pubKey, identity.privKey] as const
    this.#database.run(
      `INSERT INTO phone (number, lid, name, registration_id, identity_public, identity_private, signed_public,
         signed_private, signed_signature, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      number,
      ...row,
      signed.pubKey,
      signed.privKey,
      signature,
      this.#database.now(),
    )
    return this.find(number)!
  }

  find(number: string): Phone | undefined {
    const cached = this.#cache.get(number)
    if (cached) return cached
    const row = this.#database.get<Row>('SELECT * FROM phone WHERE number = ?', number)
    if (!row) return undefined
    const phone: Phone = {
      number: row.number,
      lid: row.lid,
      name: row.name,
      registrationId: row.registration_id,
      identity: pair(row.identity_public, row.identity_private),
      signedPreKey: {
        id: SIGNED_PRE_KEY_ID,
        pair: pair(row.signed_public, row.signed_private),
        signature: Buffer.from(row.signed_signature),
      },
      createdAt: row.created_at,
    }
    this.#cache.set(number, phone)
    this.#numbers.set(phone.lid, number)
    return phone
  }

  findByLid(lid: string): Phone | undefined {
    const number =
      this.#numbers.get(lid) ??
      this.#database.get<{ number: string }>('SELECT number FROM phone WHERE lid = ?', lid)?.number
    return number === undefined ? undefined : this.find(number)
  }

  list(): Phone[] {
    const rows = this.#database.all<{ number: string }>('SELECT number FROM phone ORDER BY created_at, number')
    return rows.map((row) => this.find(row.number)!)
  }

  rename(number: string, name: string): void {
    this.#database.run('UPDATE phone SET name = ? WHERE number = ?', name, number)
    this.#cache.delete(number)
  }

  /** The number for the next device that links; device numbers are never given twice. */
  nextDevice(number: string): number {
    const row = this.#database.get<{ next_device: number }>('SELECT next_device FROM phone WHERE number = ?', number)
    this.#database.run('UPDATE phone SET next_device = next_device + 1 WHERE number = ?', number)
    return row!.next_device
  }

  /** Makes a one-time key for somebody who starts a Signal session with this phone. */
  takePreKey(number: string): { id: number; public: Buffer } {
    const row = this.#database.get<{ next_pre_key: number }>('SELECT next_pre_key FROM phone WHERE number = ?', number)
    const id = row!.next_pre_key
    const made = curve.generateKeyPair()
    this.#database.run('UPDATE phone SET next_pre_key = ? WHERE number = ?', id + 1, number)
    this.#database.run(
      'INSERT INTO phone_pre_key (number, id, public, private) VALUES (?, ?, ?, ?)',
      number,
      id,
      made.pubKey,
      made.privKey,
    )
    return { id, public: made.pubKey }
  }

  /** The handed-out key: its pair while it's unused, and the session that used it. */
  preKey(number: string, id: number): { pair: KeyPair | undefined; usedBy: Buffer | undefined } | undefined {
    const row = this.#database.get<{ public: Uint8Array; private: Uint8Array | null; used_by: Uint8Array | null }>(
      'SELECT public, private, used_by FROM phone_pre_key WHERE number = ? AND id = ?',
      number,
      id,
    )
    if (!row) return undefined
    return {
      pair: row.private ? pair(row.public, row.private) : undefined,
      usedBy: row.used_by ? Buffer.from(row.used_by) : undefined,
    }
  }

  /** @param usedBy the base key of the session that was started with it */
  usePreKey(number: string, id: number, usedBy: Uint8Array): void {
    this.#database.run(
      'UPDATE phone_pre_key SET private = NULL, used_by = ? WHERE number = ? AND id = ?',
      usedBy,
      number,
      id,
    )
  }

  #freeLid(): string {
    for (;;) {
      const lid = `${1 + this.#random.below(9)}${String(this.#random.below(1e13)).padStart(13, '0')}`
      if (!this.findByLid(lid)) return lid
    }
  }
}

function pair(pubKey: Uint8Array, privKey: Uint8Array): KeyPair {
  return { pubKey: Buffer.from(pubKey), privKey: Buffer.from(privKey) }
}
