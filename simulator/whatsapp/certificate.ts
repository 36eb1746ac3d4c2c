// The simulator's root of trust: a certificate chain like the one that WhatsApp's servers present in the Noise handshake.
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

/** Loads the keys, or makes them the first time: a worker that trusted the simulator before its restart still does. */
export function loadAuthority(database: Database): Authority {
  const root = loadKey(database, 'root-key')
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
  const made = Curve.generateKeyPair()
  database.run('INSERT INTO setting (name, value) VALUES (?, ?)', name, Buffer.concat([made.private, made.public]))
  return made
}
