// The server's side of Noise_XX_25519_AESGCM_SHA256 as WhatsApp speaks it: handshake, then one cipher per direction.
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { Curve, proto } from '@whiskeysockets/baileys'
import type { Authority } from './certificate.ts'
import { frame, PROLOGUE } from './frames.ts'

/** Exactly 32 bytes, so it is the first hash, salt and key itself. */
const PROTOCOL = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0')
const EMPTY = Buffer.alloc(0)
const TAG_BYTES = 16

/** AES-256-GCM with a counter as its nonce, in one direction. */
class Cipher {
  readonly #key: Buffer
  #counter = 0

  constructor(key: Buffer) {
    this.#key = key
  }

  seal(plain: Uint8Array, associated: Buffer): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#key, this.#nonce())
    cipher.setAAD(associated)
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }

  /** @throws when the bytes weren't sealed with this key, counter and associated data */
  open(sealed: Buffer, associated: Buffer): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, this.#nonce())
    decipher.setAAD(associated)
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()])
  }

  #nonce(): Buffer {
    const nonce = Buffer.alloc(12)
    nonce.writeUInt32BE(this.#counter++, 8)
    return nonce
  }
}

export interface ClientFinish {
  /** The device's Noise key: who connects. */
  clientKey: Buffer
  payload: proto.ClientPayload
}

/** hello(clientHello) → server hello; finish(clientFinish) → who it is; then seal and open. */
export class Noise {
  readonly #authority: Authority
  readonly #ephemeral = Curve.generateKeyPair()
  #hash: Buffer = PROTOCOL
  #salt: Buffer = PROTOCOL
  #handshake = new Cipher(PROTOCOL)
  #incoming: Cipher | undefined
  #outgoing: Cipher | undefined

  constructor(authority: Authority) {
    this.#authority = authority
  }

  /** Answers the frame to send. */
  hello(message: Buffer): Buffer {
    const theirs = Buffer.from(proto.HandshakeMessage.decode(message).clientHello?.ephemeral ?? EMPTY)
    this.#mixHash(PROLOGUE)
    this.#mixHash(theirs)
    this.#mixHash(this.#ephemeral.public)
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, theirs))
    const sealedStatic = this.#seal(this.#authority.staticKey.public)
    this.#mixKey(Curve.sharedKey(this.#authority.staticKey.private, theirs))
    const payload = this.#seal(this.#authority.chain)
    const serverHello = { ephemeral: this.#ephemeral.public, static: sealedStatic, payload }
    return frame(proto.HandshakeMessage.encode({ serverHello }).finish())
  }

  finish(message: Buffer): ClientFinish {
    const { clientFinish } = proto.HandshakeMessage.decode(message)
    const clientKey = this.#open(Buffer.from(clientFinish?.static ?? EMPTY))
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientKey))
    const payload = proto.ClientPayload.decode(this.#open(Buffer.from(clientFinish?.payload ?? EMPTY)))
    const keys = Buffer.from(hkdfSync('sha256', EMPTY, this.#salt, '', 64))
    this.#incoming = new Cipher(keys.subarray(0, 32))
    this.#outgoing = new Cipher(keys.subarray(32))
    return { clientKey, payload }
  }

  /** Answers the frame to send. */
  seal(plain: Uint8Array): Buffer {
    if (!this.#outgoing) throw new Error('the Noise handshake is not finished')
    return frame(this.#outgoing.seal(plain, EMPTY))
  }

  open(sealed: Buffer): Buffer {
    if (!this.#incoming) throw new Error('the Noise handshake is not finished')
    return this.#incoming.open(sealed, EMPTY)
  }

  #mixHash(bytes: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(bytes).digest()
  }

  #mixKey(material: Uint8Array): void {
    const keys = Buffer.from(hkdfSync('sha256', material, this.#salt, '', 64))
    this.#salt = keys.subarray(0, 32)
    this.#handshake = new Cipher(keys.subarray(32))
  }

  #seal(plain: Uint8Array): Buffer {
    const sealed = this.#handshake.seal(plain, this.#hash)
    this.#mixHash(sealed)
    return sealed
  }

  #open(sealed: Buffer): Buffer {
    const plain = this.#handshake.open(sealed, this.#hash)
    this.#mixHash(sealed)
    return plain
  }
}
