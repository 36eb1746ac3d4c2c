// The keys of linking by a code that a person reads on the device and types on the phone. Each side sends the other a
// fresh public key wrapped under the code; from then on both share a secret that the server doesn't know, under which the
// device tells who it is. Nothing shows that a typed code is wrong until that last message can't be opened.
import { createCipheriv, createDecipheriv, hkdfSync, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { curve, type KeyPair, prefixed } from './signal/libsignal.ts'

const KEY_LENGTH = 32
const SALT_LENGTH = 32
/** Of AES-CTR, which wraps the public keys. */
const WRAP_IV_LENGTH = 16
const ITERATIONS = 131_072
/** Of AES-GCM, which seals the device's last message. */
const BUNDLE_IV_LENGTH = 12
const TAG_LENGTH = 16

/** Salt, IV and the encrypted public key. */
export const WRAPPED_LENGTH = SALT_LENGTH + WRAP_IV_LENGTH + KEY_LENGTH

/** What a device answers to the phone's key, opened. */
export interface KeyBundle {
  /** The device's public identity key. 32 bytes. */
  identity: Buffer
  /** The phone's, as the device got it. 32 bytes. */
  phoneIdentity: Buffer
  /** Known to the device and to the phone, but not to the server. */
  advSecret: Buffer
}

/** @param key a public key, 32 bytes */
export async function wrapKey(code: string, key: Buffer): Promise<Buffer> {
  const [salt, iv] = [randomBytes(SALT_LENGTH), randomBytes(WRAP_IV_LENGTH)]
  const cipher = createCipheriv('aes-256-ctr', await keyOfCode(code, salt), iv)
  return Buffer.concat([salt, iv, cipher.update(key), cipher.final()])
}

/** Under a wrong code it answers another key: it can't tell. @param wrapped `WRAPPED_LENGTH` bytes */
export async function unwrapKey(code: string, wrapped: Buffer): Promise<Buffer> {
  const salt = wrapped.subarray(0, SALT_LENGTH)
  const iv = wrapped.subarray(SALT_LENGTH, SALT_LENGTH + WRAP_IV_LENGTH)
  const decipher = createDecipheriv('aes-256-ctr', await keyOfCode(code, salt), iv)
  return Buffer.concat([decipher.update(wrapped.subarray(SALT_LENGTH + WRAP_IV_LENGTH)), decipher.final()])
}

/**
 * Undefined when the two sides didn't use the same code.
 * @param own the phone's key pair of this exchange
 * @param theirs the device's public key of this exchange, unwrapped
 */
export function openKeyBundle(
  identity: KeyPair,
  own: KeyPair,
  theirs: Buffer,
  sealedBundle: Buffer,
): KeyBundle | undefined {
  const salt = sealedBundle.subarray(0, SALT_LENGTH)
  const iv = sealedBundle.subarray(SALT_LENGTH, SALT_LENGTH + BUNDLE_IV_LENGTH)
  const sealed = sealedBundle.subarray(SALT_LENGTH + BUNDLE_IV_LENGTH)
  try {
    const shared = curve.calculateAgreement(prefixed(theirs), own.privKey)
    const decipher = createDecipheriv(
      'aes-256-gcm',
      expand(shared, salt, 'link_code_pairing_key_bundle_encryption_key'),
      iv,
    )
    decipher.setAuthTag(sealed.subarray(-TAG_LENGTH))
    const opened = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_LENGTH)), decipher.final()])
    const [device, phone, random] = [0, 1, 2].map((index) =>
      opened.subarray(index * KEY_LENGTH, (index + 1) * KEY_LENGTH),
    )
    const agreed = curve.calculateAgreement(prefixed(device!), identity.privKey)
    const advSecret = expand(Buffer.concat([shared, agreed, random!]), Buffer.alloc(0), 'adv_secret')
    return { identity: device!, phoneIdentity: phone!, advSecret }
  } catch {
    return undefined
  }
}

const keyOfCode = (code: string, salt: Buffer): Promise<Buffer> =>
  promisify(pbkdf2)(code, salt, ITERATIONS, KEY_LENGTH, 'sha256')

const expand = (secret: Uint8Array, salt: Buffer, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, KEY_LENGTH))
