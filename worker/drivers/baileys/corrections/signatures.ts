/**
 * Has Node check the signatures of identities, certificates and group messages, process-wide: a twenty-fifth of the time of
 * curve25519-js 2.0.4, and none of its thousands of small arrays, which two checks a login leave to the garbage collector.
 *
 * A wrong signature is an error here, not `false`: Baileys' `Curve.verify` takes whatever is not thrown for a good one, and so
 * believes in any certificate that a server shows.
 *
 * XEdDSA (signal.org/docs/specifications/xeddsa): the key is the u of a Montgomery curve, the sign of its Edwards point stands
 * in the last bit of the signature, and the rest is Ed25519 (RFC 8032).
 */
import { createPublicKey, verify as verifyEd25519 } from 'node:crypto'
import { createRequire } from 'node:module'

type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

const require = createRequire(import.meta.url)
// The instance that libsignal uses.
const curve = createRequire(require.resolve('libsignal/src/curve.js'))('curve25519-js') as { verify: Verify }

/** What upstream's function looks like; another text means that this must be looked at again. */
export const upstreamVerify: Verify = curve.verify

export function checkSignatures(): void {
  curve.verify = (publicKey, message, signature) => {
    if (verify(publicKey, message, signature)) return true
    throw new Error('Invalid signature')
  }
}

const P = 2n ** 255n - 19n
const U_BITS = 2n ** 255n - 1n
const SIGN_BIT = 0x80
/** RFC 8410: an Ed25519 key as Node takes it. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** The same answer as upstream's, but for one: an `s` that is not reduced (RFC 8032, 5.1.7) is refused. */
export const verify: Verify = (publicKey, message, signature) => {
  if (signature.length !== 64) throw new Error('wrong signature length')
  if (publicKey.length !== 32) throw new Error('wrong public key length')
  const key = Buffer.concat([SPKI, edwardsOf(publicKey)])
  const ed25519 = Buffer.from(signature)
  key[key.length - 1]! |= ed25519[63]! & SIGN_BIT
  ed25519[63]! &= ~SIGN_BIT
  return verifyEd25519(null, message, createPublicKey({ key, format: 'der', type: 'spki' }), ed25519)
}

/** y = (u - 1) / (u + 1), little-endian (RFC 7748, 4.1). */
function edwardsOf(montgomery: Uint8Array): Buffer {
  const u = BigInt(`0x${Buffer.from(montgomery).reverse().toString('hex')}`) & U_BITS
  const y = ((u + P - 1n) * inverse((u + 1n) % P)) % P
  return Buffer.from(y.toString(16).padStart(64, '0'), 'hex').reverse()
}

/** Modulo P, by Euclid; 0 has none and gives 0. */
function inverse(a: bigint): bigint {
  let [r, nextR] = [P, a]
  let [t, nextT] = [0n, 1n]
  while (nextR !== 0n) {
    const quotient = r / nextR
    ;[r, nextR] = [nextR, r - quotient * nextR]
    ;[t, nextT] = [nextT, t - quotient * nextT]
  }
  return t < 0n ? t + P : t
}
