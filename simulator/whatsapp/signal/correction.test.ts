// Two ends of a Signal session, straight on libsignal-node: what upstream gets wrong, and that the correction mends it.
// When upstream is fixed, the first test fails: then the correction can go.
import { beforeAll, describe, expect, it } from 'vitest'
import { correctLibsignal } from './correction.ts'
import {
  curve,
  type KeyBundle,
  libsignal,
  type SessionCipher,
  type SessionRecord,
  type SignalStorage,
} from './libsignal.ts'
import { silenceLibsignal } from './silence.ts'

/** One end with its keys; `record` is its only session record. */
class End {
  record: SessionRecord | undefined
  readonly identity = curve.generateKeyPair()
  readonly signed = curve.generateKeyPair()
  readonly cipher: SessionCipher
  readonly #address: InstanceType<typeof libsignal.ProtocolAddress>
  readonly #storage: SignalStorage

  constructor(other: string) {
    this.#address = new libsignal.ProtocolAddress(other, 0)
    this.#storage = {
      loadSession: async () => this.record,
      storeSession: async (_address, record) => {
        this.record = record
      },
      isTrustedIdentity: () => true,
      loadPreKey: async () => undefined,
      removePreKey: () => {},
      loadSignedPreKey: () => this.signed,
      getOurRegistrationId: () => 1,
      getOurIdentity: () => this.identity,
    }
    this.cipher = new libsignal.SessionCipher(this.#storage, this.#address)
  }

  get bundle(): KeyBundle {
    const signature = curve.calculateSignature(this.identity.privKey, this.signed.pubKey)
    const signedPreKey = { keyId: 1, publicKey: this.signed.pubKey, signature }
    return { registrationId: 1, identityKey: this.identity.pubKey, signedPreKey, preKey: undefined }
  }

  startSession(bundle: KeyBundle): Promise<void> {
    return new libsignal.SessionBuilder(this.#storage, this.#address).initOutgoing(bundle)
  }

  async encrypt(text: string): Promise<Buffer> {
    return Buffer.from((await this.cipher.encrypt(Buffer.from(text))).body)
  }

  async decrypt(message: Buffer): Promise<string> {
    return (await this.cipher.decryptWhisperMessage(message)).toString()
  }

  async decryptFirst(message: Buffer): Promise<string> {
    return (await this.cipher.decryptPreKeyWhisperMessage(message)).toString()
  }
}

/** Alice and Bob talk in one session, then Alice starts another; a message of the old one is still under way. */
async function crossing(): Promise<{ bob: End; late: Buffer; next: Buffer }> {
  const [alice, bob] = [new End('bob'), new End('alice')]
  await alice.startSession(bob.bundle)
  await bob.decryptFirst(await alice.encrypt('first'))
  await alice.decrypt(await bob.encrypt('answer'))
  const late = await alice.encrypt('late')
  await alice.startSession(bob.bundle)
  await bob.decryptFirst(await alice.encrypt('second session'))
  await alice.decrypt(await bob.encrypt('answer'))
  const next = await alice.encrypt('next')
  return { bob, late, next }
}

describe('libsignal-node', () => {
  beforeAll(() => silenceLibsignal())

  it('damages the other sessions of a record when a message arrives late (without the correction)', async () => {
    const { bob, late, next } = await crossing()
    expect(await bob.decrypt(late)).toBe('late')
    await expect(bob.decrypt(next)).rejects.toThrow('No matching sessions')
  })

  describe('corrected', () => {
    beforeAll(() => correctLibsignal())

    it('leaves sessions as they were when a message was not theirs', async () => {
      const { bob, late, next } = await crossing()
      expect(await bob.decrypt(late)).toBe('late')
      expect(await bob.decrypt(next)).toBe('next')
    })

    it('says so when a message was decrypted before', async () => {
      const { bob, next } = await crossing()
      expect(await bob.decrypt(next)).toBe('next')
      await expect(bob.decrypt(next)).rejects.toBeInstanceOf(libsignal.MessageCounterError)
    })
  })
})
