// What the simulator uses of libsignal-node, with types: its own cover little of it and disagree with the code.
import { createRequire } from 'node:module'

/** Public keys have 33 bytes: a leading 5, then the key. */
export interface KeyPair {
  pubKey: Buffer
  privKey: Buffer
}

/** One Signal session; opaque except for what the correction needs. */
export interface SessionEntry {
  indexInfo: { used: number }
  serialize(): object
}

export interface SessionRecord {
  haveOpenSession(): boolean
  serialize(): object
}

export interface KeyBundle {
  registrationId: number
  identityKey: Buffer
  signedPreKey: { keyId: number; publicKey: Buffer; signature: Buffer }
  preKey: { keyId: number; publicKey: Buffer } | undefined
}

export interface SignalStorage {
  loadSession(address: string): Promise<SessionRecord | undefined>
  storeSession(address: string, record: SessionRecord): Promise<void>
  isTrustedIdentity(): boolean
  loadPreKey(id: number | undefined): Promise<KeyPair | undefined>
  removePreKey(id: number): void
  loadSignedPreKey(): KeyPair
  getOurRegistrationId(): number
  getOurIdentity(): KeyPair
}

export interface ProtocolAddress {
  toString(): string
}

export interface SessionCipher {
  encrypt(data: Buffer): Promise<{ type: number; body: Uint8Array }>
  decryptPreKeyWhisperMessage(data: Buffer): Promise<Buffer>
  decryptWhisperMessage(data: Buffer): Promise<Buffer>
  doDecryptWhisperMessage(data: Buffer, session: SessionEntry): Promise<Buffer>
  decryptWithSessions(data: Buffer, sessions: SessionEntry[]): Promise<{ session: SessionEntry; plaintext: Buffer }>
}

interface Libsignal {
  ProtocolAddress: new (id: string, device: number) => ProtocolAddress
  SessionBuilder: new (
    storage: SignalStorage,
    address: ProtocolAddress,
  ) => { initOutgoing(bundle: KeyBundle): Promise<void> }
  SessionCipher: { new (storage: SignalStorage, address: ProtocolAddress): SessionCipher; prototype: SessionCipher }
  SessionRecord: { deserialize(data: object): SessionRecord }
  SessionError: new (message: string) => Error
  MessageCounterError: new (message: string) => Error
  curve: {
    generateKeyPair(): KeyPair
    /** @param publicKey 33 bytes */
    calculateAgreement(publicKey: Buffer, privateKey: Buffer): Buffer
    calculateSignature(privateKey: Buffer, message: Uint8Array): Buffer
    verifySignature(publicKey: Buffer, message: Uint8Array, signature: Uint8Array): boolean
  }
}

interface Protobufs {
  WhisperMessage: { decode(bytes: Uint8Array): { ephemeralKey: Uint8Array; counter: number } }
  PreKeyWhisperMessage: {
    decode(bytes: Uint8Array): { preKeyId?: number; baseKey: Uint8Array; identityKey: Uint8Array; message: Uint8Array }
  }
}

// CommonJS without usable types: required, so that it's the same instance that Baileys uses.
const require = createRequire(import.meta.url)
export const libsignal = require('libsignal') as Libsignal
export const protobufs = require('libsignal/src/protobufs.js') as Protobufs
export const { curve } = libsignal

/** A public key in libsignal's form: 33 bytes. */
export function prefixed(key: Uint8Array): Buffer {
  return key.length === 33 ? Buffer.from(key) : Buffer.concat([Buffer.from([5]), key])
}

/** True when the owner of `publicKey` (32 or 33 bytes) signed the message; false too for malformed ones. */
export function signedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return curve.verifySignature(prefixed(publicKey), message, signature)
  } catch {
    return false
  }
}
