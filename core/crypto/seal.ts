/**
 * Values at rest: AES-256-GCM under a key of each session's own.
 *
 * A box is `version(1) | key number(1) | nonce(12) | ciphertext | tag(16)`. The session's key is derived (HKDF-SHA256)
 * from the installation's key, so that random nonces stay far below their birthday bound and a box never opens under
 * another session. Several installation keys may be known (rotation): the first seals, all of them open.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from 'node:crypto'

const VERSION = 1
const HEADER = 2
const NONCE = 12
const TAG = 16

export class SealError extends Error {
  override name = 'SealError'
}

/** One call of the random generator serves 512 nonces. */
const nonces = Buffer.alloc(NONCE * 512)
let nextNonce = nonces.length
function nonce(): Buffer {
  if (nextNonce === nonces.length) {
    randomFillSync(nonces)
    nextNonce = 0
  }
  nextNonce += NONCE
  return nonces.subarray(nextNonce - NONCE, nextNonce)
}

export interface Sealer {
  /** `place` is what the value is (its table and key): a box opens only in the place it was sealed for. */
  seal(place: string, plain: Buffer): Buffer
  /** Throws SealError: another place, another session, an unknown key, or damaged bytes. */
  open(place: string, box: Buffer): Buffer
}

export class KeyRing {
  readonly #keys: Map<number, Buffer>
  readonly #current: number

  private constructor(keys: Map<number, Buffer>, current: number) {
    this.#keys = keys
    this.#current = current
  }

  /**
   * Reads `number:base64` pairs, parted by commas, the sealing key first: `2:…,1:…`. Numbers are 0–255, keys 32 bytes.
   */
  static parse(text: string): KeyRing {
    const keys = new Map<number, Buffer>()
    for (const entry of text.split(',')) {
      const [number, value] = entry.trim().split(':')
      const key = Buffer.from(value ?? '', 'base64')
      if (!/^\d{1,3}$/.test(number ?? '') || Number(number) > 255 || key.length !== 32) {
        throw new SealError(
          'An encryption key is written number:base64, with 32 bytes, for example 1:<openssl rand -base64 32>',
        )
      }
      if (keys.has(Number(number))) throw new SealError(`Encryption key ${number} is given twice`)
      keys.set(Number(number), key)
    }
    return new KeyRing(keys, keys.keys().next().value!)
  }

  /** A new ring of one random key, in the form that `parse` reads. */
  static generate(): string {
    return `1:${randomBytes(32).toString('base64')}`
  }

  sealer(sessionId: string): Sealer {
    // As KeyObjects: to take a Buffer for a key costs Node 24 more than to encrypt a row with it.
    const derived = new Map<number, KeyObject>()
    const keyOf = (number: number): KeyObject => {
      const known = derived.get(number)
      if (known) return known
      const root = this.#keys.get(number)
      if (!root) throw new SealError(`Sealed with encryption key ${number}, which is not given`)
      const key = createSecretKey(Buffer.from(hkdfSync('sha256', root, sessionId, 'berth session', 32)))
      derived.set(number, key)
      return key
    }
    return {
      seal: (place, plain) => {
        const iv = nonce()
        const box = Buffer.allocUnsafe(HEADER + NONCE + plain.length + TAG)
        box[0] = VERSION
        box[1] = this.#current
        iv.copy(box, HEADER)
        const cipher = createCipheriv('aes-256-gcm', keyOf(this.#current), iv).setAAD(Buffer.from(place))
        cipher.update(plain).copy(box, HEADER + NONCE)
        cipher.final()
        cipher.getAuthTag().copy(box, box.length - TAG)
        return box
      },
      open: (place, box) => {
        if (box.length < HEADER + NONCE + TAG || box[0] !== VERSION) throw new SealError('Not a sealed value')
        const decipher = createDecipheriv('aes-256-gcm', keyOf(box[1]!), box.subarray(HEADER, HEADER + NONCE))
          .setAAD(Buffer.from(place))
          .setAuthTag(box.subarray(-TAG))
        try {
          return Buffer.concat([decipher.update(box.subarray(HEADER + NONCE, -TAG)), decipher.final()])
        } catch {
          throw new SealError(`A sealed value does not open: damaged, or not sealed for ${place}`)
        }
      },
    }
  }
}
