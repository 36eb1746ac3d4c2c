// The simulator's root of trust: a certificate chain like the one that WhatsApp's servers present in the Noise handshake.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { Curve, proto } from '@whiskeysockets/baileys'
import type { Database } from '../state/database.ts'

interface KeyPair {
  public: Uint8Array
  private: Uint8Array
}

export interface Authority {
  /** What a client must trust: Baileys' `WA_CERT_DETAILS.PUBLIC_KEY` and `.SERIAL`. 32 bytes. */
  rootPublic: Buffer
  rootSerial: number
  /** The server's long-term Noise key. */
  staticKey: KeyPair
  /** An encoded `CertChain`: root → intermediate → leaf. */
  chain: Uint8Array
}

/** Baileys checks that the intermediate's issuer has the serial of `WA_CERT_DETAILS`. */
const ROOT_SERIAL = 0

/**
 * Loads the keys, or makes them the first time: a worker that trusted the simulator before its restart still does.
 * @param rootKey private, 32 bytes: the root to be from now on, for who must know before the start what to trust
 */
export function loadAuthority(database: Database, rootKey?: Buffer): Authority {
  const root = rootKey ? keepKey(database, 'root-key', pairOf(rootKey)) : loadKey(database, 'root-key')
  const intermediate = loadKey(database, 'intermediate-key')
  const staticKey = loadKey(database, 'static-key')
  const { Details } = proto.CertChain.NoiseCertificate
  const sign = (by: KeyPair, details: Uint8Array) => ({ details, signature: Curve.sign(by.private, details) })
  const intermediateDetails = Details.encode({
    serial: 1,
    issuerSerial: ROOT_SERIAL,
    key: intermediate.public,
  }).finish()
  const leafDetails = Details.encode({ serial: 2, issuerSerial: 1, key: staticKey.public }).finish()
  const chain = proto.CertChain.encode({
    intermediate: sign(root, intermediateDetails),
    leaf: sign(intermediate, leafDetails),
  }).finish()
  return { rootPublic: Buffer.from(root.public), rootSerial: ROOT_SERIAL, staticKey, chain }
}

/** A key pair is stored as 32 private and 32 public bytes. */
function loadKey(database: Database, name: string): KeyPair {
  const found = database.get<{ value: Uint8Array }>('SELECT value FROM setting WHERE name = ?', name)
  if (found) {
    const bytes = Buffer.from(found.value)
    return { private: bytes.subarray(0, 32), public: bytes.subarray(32) }
  }
  return keepKey(database, name, Curve.generateKeyPair())
}

function keepKey(database: Database, name: string, pair: KeyPair): KeyPair {
  const value = Buffer.concat([pair.private, pair.public])
  database.run('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, value)
  return pair
}

/** What stands before the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')

function pairOf(rootKey: Buffer): KeyPair {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, rootKey]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { private: rootKey, public: Buffer.from(x, 'base64url') }
}
