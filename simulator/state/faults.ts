// Faults: what a correct client never does. A test asserts that there are none.
import type { Database } from './database.ts'

export const FAULT_KINDS = [
  'unknown-stanza', // a tag or a query that the simulator doesn't know
  'bad-stanza', // attributes missing or malformed
  'bad-frame', // bytes that don't decrypt or decode
  'before-login', // a stanza that only a logged-in device may send
  'wrong-noise-key', // somebody connects as a device without its key
  'bad-signature', // a device identity or signed pre-key that isn't signed by its owner
  'missing-device-identity', // a first message (pkmsg) without the proof of who the device is
  'no-recipients', // a message that nobody it is for can read
  'bad-media', // a file that isn't what the device says it is, or isn't there
  'counter-reuse', // two different ciphertexts under one message key
  'pre-key-reuse', // a one-time key used or offered a second time
  'decrypt-failed', // a phone can't read what was sent to it
  'retry-requested', // the device couldn't read what was sent to it
  'refused-by-device', // the device acknowledged a stanza with an error, other than that it has a repeated one already
  'unknown-receipt', // a receipt or an ack for something that the device was never sent
  'internal-error', // the simulator itself failed
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

export interface Fault {
  id: number
  at: number
  kind: FaultKind
  /** For people; never a key, never a text. */
  detail: string
  /** The account and device that did it, when known. */
  number: string | null
  device: number | null
  connection: number | null
  /** The WhatsApp id of the message, when it is about one. */
  message: string | null
}

export type NewFault = Pick<Fault, 'kind' | 'detail'> & Partial<Fault>

export class Faults {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add(fault: NewFault): Fault {
    const { kind, detail, number = null, device = null, connection = null, message = null } = fault
    const at = this.#database.now()
    const id = this.#database.insert(
      'INSERT INTO fault (at, kind, detail, number, device, connection, message) VALUES (?, ?, ?, ?, ?, ?, ?)',
      at,
      kind,
      detail,
      number,
      device,
      connection,
      message,
    )
    return { id, at, kind, detail, number, device, connection, message }
  }

  /** The latest 1000, oldest first. */
  list(kind?: FaultKind): Fault[] {
    const sql = 'SELECT * FROM fault WHERE kind = ifnull(?, kind) ORDER BY id DESC LIMIT 1000'
    return this.#database.all<Fault>(sql, kind ?? null).reverse()
  }

  count(): number {
    return this.#database.get<{ n: number }>('SELECT count(*) AS n FROM fault')!.n
  }

  /** Answers how many there were. */
  clear(): number {
    return this.#database.run('DELETE FROM fault')
  }
}
