/** Baileys' credentials and key store, on top of a session's store. */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import {
  type AuthenticationCreds,
  type CacheStore,
  type Contact,
  jidNormalizedUser,
  type SignalDataSet,
  type SignalKeyStore,
} from '@whiskeysockets/baileys'
import type { SessionStore, UnitContent } from '../../store/session-store.ts'
import type { KeyChange } from '../../store/unit.ts'
import { decodeCredential, encodeCredential } from './codec.ts'
import { LID_MAPPING, peopleOfMappings } from './facts.ts'
import type { Person } from './person.ts'

export interface JournalEntry {
  ciphertextHash: string
  body: Buffer
}

/** More pre-keys than an account can have given out in the time that a database went back. Their numbers have 24 bits. */
const SKIPPED_PRE_KEYS = 10_000

/** A key type of ours inside Baileys' transactions: carries journal rows into the write of their ratchet step. */
export const JOURNAL = 'journal'

type KeySet = Record<string, Record<string, unknown> | undefined>

export class AuthState {
  readonly creds: AuthenticationCreds
  readonly #store: SessionStore
  readonly #linkingAttempt: number
  /** Journal rows that are being written: a redelivery meanwhile waits for them. */
  readonly #writing = new Map<string, Promise<void>>()
  #lastSave: Promise<void> = Promise.resolve()

  constructor(store: SessionStore, creds: AuthenticationCreds, linkingAttempt: number) {
    this.creds = creds
    this.#store = store
    this.#linkingAttempt = linkingAttempt
  }

  readonly keys: SignalKeyStore = {
    get: (type, ids) => this.#store.get(type, ids) as never,
    set: (data) => this.#set(data),
  }

  /** The device lists, which Baileys awaits: kept, or each restart would give every contact new sessions. */
  readonly devices: CacheStore = {
    // Nothing known is undefined, which the type of Baileys' asynchronous caches leaves out.
    get: async <T>(user: string) => (await this.#store.get('devices', [user]))[user] as T,
    set: (user, value) => this.#store.write({ keys: [{ type: 'devices', id: user, value }] }),
    del: (user) => this.#store.write({ keys: [{ type: 'devices', id: user, value: undefined }] }),
    flushAll: () => {}, // Baileys calls it at the end of a socket; ours outlives the socket
  }

  /** The account. While a pairing code waits for its phone, Baileys notes the number already, as if it were linked. */
  get me(): Contact | undefined {
    return this.creds.account ? this.creds.me : undefined
  }

  /** The account's addresses, as far as they are known. */
  get person(): Person {
    const { me } = this
    return {
      ...(me ? { pn: jidNormalizedUser(me.id) } : {}),
      ...(me?.lid ? { lid: jidNormalizedUser(me.lid) } : {}),
    }
  }

  /** A pairing code is no good on another connection, and Baileys would log in there as the account that it is not yet. */
  forgetPairingCode(): void {
    this.creds.pairingCode = undefined
    if (!this.creds.account) delete this.creds.me
  }

  /** Writes the credentials as they are now. */
  save(extra: Pick<UnitContent, 'purge'> = {}): Promise<void> {
    this.#lastSave = this.#store.write({ ...extra, credential: this.#credential(this.creds) })
    return this.#lastSave
  }

  /** Stores who we are as a linked device, ahead of Baileys, which tells of it only together with its answer. */
  saveLinked(update: Partial<AuthenticationCreds>): Promise<void> {
    return this.#store.write({ credential: this.#credential({ ...this.creds, ...update }) })
  }

  /**
   * Leaves out numbers of pre-keys that may have been given out already, with keys that we don't have. Baileys sees at the
   * login that it lacks the key before the next one, and uploads new ones together with the signed one. Resolves when durable.
   */
  renewPreKeys(): Promise<void> {
    const { creds } = this
    creds.nextPreKeyId += SKIPPED_PRE_KEYS
    creds.firstUnuploadedPreKeyId = creds.nextPreKeyId
    return this.save()
  }

  /** Forgets who we are: the next connection asks for a scan. */
  forget(): Promise<void> {
    const { creds } = this
    for (const field of Object.keys(creds)) delete creds[field as keyof AuthenticationCreds]
    Object.assign(creds, decodeCredential(undefined))
    return this.save({ purge: true })
  }

  /** A login came so far that keys for new contacts were made; the first one begins with that. */
  get hasLoggedIn(): boolean {
    return this.creds.nextPreKeyId > 1
  }

  /** Until when WhatsApp accepts no login of the account, in milliseconds since 1970; undefined: it never said so. */
  async bannedUntil(): Promise<number | undefined> {
    const { until } = await this.#store.get('ban', ['until'])
    return until as number | undefined
  }

  saveBan(until: number): Promise<void> {
    return this.#store.write({ keys: [{ type: 'ban', id: 'until', value: until }] })
  }

  /** Resolves when the credentials are durable as they were last saved. */
  saved(): Promise<void> {
    return this.#lastSave
  }

  /** Resolves when a journal row that is being written is durable; undefined when there is no such row. */
  journalWrite(ciphertextHash: string): Promise<void> | undefined {
    return this.#writing.get(ciphertextHash)
  }

  async #set(data: SignalDataSet): Promise<void> {
    // The first thing that can be noticed of such a message after its receipt.
    if (data['app-state-sync-key']) await failpoint('protocol.receipted')
    const { [JOURNAL]: journal, ...types } = data as KeySet
    const keys: KeyChange[] = Object.entries(types).flatMap(([type, values]) =>
      Object.entries(values ?? {}).map(([id, value]) => ({ type, id, value: value ?? undefined })),
    )
    const entries = Object.values(journal ?? {}) as JournalEntry[]
    const credential = this.#withPreKeys(data)
    const people = peopleOfMappings(types[LID_MAPPING])
    const write = this.#store.write({
      keys,
      journal: entries,
      ...(credential ? { credential } : {}),
      ...(people.length > 0 ? { people } : {}),
    })
    for (const { ciphertextHash } of entries) this.#writing.set(ciphertextHash, write)
    await write
    for (const { ciphertextHash } of entries) this.#writing.delete(ciphertextHash)
  }

  /**
   * New pre-keys and the counter that names them are one write: Baileys tells of the raised counter only afterwards, and a
   * crash in between would give the same numbers to other keys.
   */
  #withPreKeys(data: SignalDataSet): UnitContent['credential'] {
    const added = Object.entries(data['pre-key'] ?? {}).filter(([, pair]) => pair)
    const next = Math.max(0, ...added.map(([id]) => Number(id))) + 1
    if (next <= this.creds.nextPreKeyId) return undefined
    const firstUnuploadedPreKeyId = Math.max(this.creds.firstUnuploadedPreKeyId, next)
    return this.#credential({ ...this.creds, nextPreKeyId: next, firstUnuploadedPreKeyId })
  }

  #credential(creds: AuthenticationCreds): UnitContent['credential'] {
    return { linkingAttempt: this.#linkingAttempt, value: encodeCredential(withoutPairingCode(creds)) }
  }
}

/** The code is a secret, and nothing of it is of use to another process. */
function withoutPairingCode(creds: AuthenticationCreds): AuthenticationCreds {
  const { me, ...rest } = creds
  return { ...rest, ...(creds.account && me ? { me } : {}), pairingCode: undefined }
}
