/**
 * Gives Node's HMACs and ciphers their keys as KeyObjects, process-wide.
 *
 * Baileys and libsignal give them as Buffers. To learn that a Buffer is neither a KeyObject nor a CryptoKey, Node 24 throws
 * and catches two errors (internal/crypto/keys, prepareSecretKey): 10 of the 12 microseconds that an HMAC of a message
 * takes, and a fifth of all that receiving a message costs. Making the KeyObject first takes 0.7. The results are the same.
 */
import nodeCrypto, {
  type CipherGCMTypes,
  type CipherKey,
  type createCipheriv,
  type createDecipheriv,
  type createHmac,
  createSecretKey,
} from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

const upstream = {
  createHmac: nodeCrypto.createHmac,
  createCipheriv: nodeCrypto.createCipheriv,
  createDecipheriv: nodeCrypto.createDecipheriv,
}

export function passKeyObjects(): void {
  nodeCrypto.createHmac = ((algorithm, key, options) =>
    upstream.createHmac(algorithm, asKeyObject(key), options)) as typeof createHmac
  // Typed as the algorithm that Baileys uses most; it is passed on as it comes.
  nodeCrypto.createCipheriv = ((algorithm: CipherGCMTypes, key, iv, options) =>
    upstream.createCipheriv(algorithm, asKeyObject(key), iv, options)) as typeof createCipheriv
  nodeCrypto.createDecipheriv = ((algorithm: CipherGCMTypes, key, iv, options) =>
    upstream.createDecipheriv(algorithm, asKeyObject(key), iv, options)) as typeof createDecipheriv
  syncBuiltinESMExports() // what `import { createHmac }` gives
}

const asKeyObject = <Key extends CipherKey>(key: Key) => (key instanceof Uint8Array ? createSecretKey(key) : key)
