// A phone's sender keys: in a group each device encrypts a message once, under a key of its own, which it gave to every
// other device in a pairwise message before. On Baileys' group cipher, which its index does not export.
import {
  GroupCipher,
  GroupSessionBuilder,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SenderKeyRecord,
} from '@whiskeysockets/baileys/lib/Signal/Group/index.js'
import type { Database } from '../../state/database.ts'
import type { Phone } from '../../state/phones.ts'
import { type Remote, sessionAddress } from './endpoint.ts'
import type { MessageKey } from './header.ts'

export class SenderKeys {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The key of `author` in a group, as `phone` knows it. The caller holds the phone's lock until it is stored. */
  of(phone: Phone, group: string, author: Remote): SenderKey {
    return new SenderKey(this.#database, phone, group, author)
  }

  /** True when the phone gave its own key to this device. */
  isGiven(phone: Phone, group: string, device: Remote): boolean {
    const sql = 'SELECT 1 FROM phone_sender_key_given WHERE number = ? AND group_id = ? AND device = ?'
    return this.#database.get(sql, phone.number, group, sessionAddress(device)) !== undefined
  }

  /** The phone makes a new key for what it writes next, and gives it to everybody. */
  forget(phone: Phone, group: string): void {
    const author = sessionAddress({ lid: phone.lid, device: 0 })
    const key = 'DELETE FROM phone_sender_key WHERE number = ? AND group_id = ? AND author = ?'
    this.#database.run(key, phone.number, group, author)
    const given = 'DELETE FROM phone_sender_key_given WHERE number = ? AND group_id = ?'
    this.#database.run(given, phone.number, group)
  }

  given(phone: Phone, group: string, device: Remote): void {
    const sql = 'INSERT INTO phone_sender_key_given (number, group_id, device) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'
    this.#database.run(sql, phone.number, group, sessionAddress(device))
  }
}

/** Works on a copy, that `store` writes back. */
export class SenderKey {
  readonly #database: Database
  readonly #phone: Phone
  readonly #group: string
  readonly #author: string
  readonly #name: SenderKeyName
  #record: string | undefined
  /** What Baileys' group cipher reads from and writes to; it writes only after a success. */
  readonly #storage = {
    loadSenderKey: async () =>
      this.#record === undefined ? new SenderKeyRecord() : SenderKeyRecord.deserialize(Buffer.from(this.#record)),
    storeSenderKey: async (_name: SenderKeyName, record: SenderKeyRecord) => {
      this.#record = JSON.stringify(record.serialize())
    },
  }

  constructor(database: Database, phone: Phone, group: string, author: Remote) {
    this.#database = database
    this.#phone = phone
    this.#group = group
    this.#author = sessionAddress(author)
    this.#name = new SenderKeyName(group, { id: author.lid, deviceId: author.device })
    const sql = 'SELECT record FROM phone_sender_key WHERE number = ? AND group_id = ? AND author = ?'
    this.#record = database.get<{ record: string }>(sql, phone.number, group, this.#author)?.record
  }

  /** True when the author gave the key that this message is under. */
  async knows(message: MessageKey): Promise<boolean> {
    const record = await this.#storage.loadSenderKey()
    return record.getSenderKeyState(message.ratchetKey.readUInt32BE()) !== undefined
  }

  /** What others need to read the next message; makes the key when there is none. */
  async distribution(): Promise<Uint8Array> {
    return (await new GroupSessionBuilder(this.#storage).create(this.#name)).serialize()
  }

  /** Takes what the author gave. */
  async learn(distribution: Uint8Array): Promise<void> {
    const message = new SenderKeyDistributionMessage(null, null, null, null, distribution)
    await new GroupSessionBuilder(this.#storage).process(this.#name, message)
  }

  async encrypt(plain: Uint8Array): Promise<Buffer> {
    return Buffer.from(await new GroupCipher(this.#storage, this.#name).encrypt(plain))
  }

  /** @throws what Baileys throws: unknown key, wrong signature, key used already */
  async decrypt(ciphertext: Uint8Array): Promise<Buffer> {
    return Buffer.from(await new GroupCipher(this.#storage, this.#name).decrypt(ciphertext))
  }

  /** Stores the step; to be called inside a `Database.change`. Nothing happens when there is no key. */
  store(): void {
    if (this.#record === undefined) return
    this.#database.run(
      `INSERT INTO phone_sender_key (number, group_id, author, record) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET record = excluded.record`,
      this.#phone.number,
      this.#group,
      this.#author,
      this.#record,
    )
  }
}
