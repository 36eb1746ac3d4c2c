// A phone's end of its Signal sessions. Each operation answers its result and how to store the ratchet step: the caller
// stores it in the same commit as what the step was for.
import type { Database } from '../../state/database.ts'
import type { Phone, Phones } from '../../state/phones.ts'
import { readHeader } from './header.ts'
import { type KeyBundle, libsignal, type SessionCipher, type SessionRecord, type SignalStorage } from './libsignal.ts'

/** The other end: a linked device (or the phone, 0) of the account with this LID. */
export interface Remote {
  lid: string
  device: number
}

export type CiphertextType = 'pkmsg' | 'msg'

export interface Sealed {
  type: CiphertextType
  ciphertext: Buffer
  /** Stores the ratchet step; to be called inside a `Database.change` before the ciphertext leaves. */
  store: () => void
}

export interface Opened {
  plain: Buffer
  /** Stores the ratchet step; to be called inside a `Database.change` before anybody hears of the message. */
  store: () => void
}

/** The caller must hold the phone's lock from the operation until its step is stored. */
export class SignalEndpoint {
  readonly #database: Database
  readonly #phones: Phones

  constructor(database: Database, phones: Phones) {
    this.#database = database
    this.#phones = phones
  }

  /** @param bundle asked for only when there's no session yet, or when `renew` wants another one */
  async encrypt(
    phone: Phone,
    remote: Remote,
    plain: Buffer,
    { bundle, renew = false }: { bundle: () => KeyBundle; renew?: boolean },
  ): Promise<Sealed> {
    const step = new Step(this.#database, this.#phones, phone, remote)
    if (renew || !step.record?.haveOpenSession()) {
      await new libsignal.SessionBuilder(step.storage, step.address).initOutgoing(bundle())
    }
    const { type, body } = await step.cipher.encrypt(plain)
    return { type: type === 3 ? 'pkmsg' : 'msg', ciphertext: Buffer.from(body), store: () => step.store() }
  }

  /** @throws what libsignal throws: no session, wrong MAC, key used already, unknown pre-key */
  async decrypt(phone: Phone, remote: Remote, type: CiphertextType, ciphertext: Buffer): Promise<Opened> {
    const step = new Step(this.#database, this.#phones, phone, remote)
    return { plain: await step.decrypt(type, ciphertext), store: () => step.store() }
  }
}

/** The name under which a phone's session with a remote is stored. */
export function sessionAddress(remote: Remote): string {
  return `${remote.lid}.${remote.device}`
}

/** One operation on one session: it works on a copy, that `store` writes back. */
class Step {
  readonly address
  readonly cipher: SessionCipher
  readonly storage: SignalStorage
  record: SessionRecord | undefined
  readonly #database: Database
  readonly #phones: Phones
  readonly #phone: Phone
  readonly #remote: Remote
  #usedPreKey: number | undefined
  /** Of the session that a first message starts. */
  #baseKey: Buffer | undefined

  constructor(database: Database, phones: Phones, phone: Phone, remote: Remote) {
    this.#database = database
    this.#phones = phones
    this.#phone = phone
    this.#remote = remote
    // libsignal queues by this name for the whole process: with both ends in it, phones don't wait for each other.
    this.address = new libsignal.ProtocolAddress(`${phone.lid}>${remote.lid}`, remote.device)
    this.storage = this.#makeStorage()
    this.cipher = new libsignal.SessionCipher(this.storage, this.address)
    const row = database.get<{ record: string }>(
      'SELECT record FROM phone_session WHERE number = ? AND address = ?',
      phone.number,
      sessionAddress(remote),
    )
    if (row) this.record = libsignal.SessionRecord.deserialize(JSON.parse(row.record))
  }

  decrypt(type: CiphertextType, ciphertext: Buffer): Promise<Buffer> {
    if (type === 'msg') return this.cipher.decryptWhisperMessage(ciphertext)
    this.#baseKey = readHeader(type, ciphertext)?.preKey?.baseKey
    return this.cipher.decryptPreKeyWhisperMessage(ciphertext)
  }

  store(): void {
    const record = this.record
    if (!record) throw new Error('a Signal operation ended without a session')
    this.#database.run(
      `INSERT INTO phone_session (number, address, record) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET record = excluded.record`,
      this.#phone.number,
      sessionAddress(this.#remote),
      JSON.stringify(record.serialize()),
    )
    if (this.#usedPreKey !== undefined) this.#phones.usePreKey(this.#phone.number, this.#usedPreKey, this.#baseKey!)
  }

  #makeStorage(): SignalStorage {
    const phone = this.#phone
    return {
      loadSession: async () => this.record,
      storeSession: async (_address, record) => {
        this.record = record
      },
      isTrustedIdentity: () => true,
      loadPreKey: async (id) => (id === undefined ? undefined : this.#phones.preKey(phone.number, id)?.pair),
      removePreKey: (id) => {
        this.#usedPreKey = id
      },
      loadSignedPreKey: () => phone.signedPreKey.pair,
      getOurRegistrationId: () => phone.registrationId,
      getOurIdentity: () => phone.identity,
    }
  }
}
