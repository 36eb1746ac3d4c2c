// The media host's TLS certificate: clients reach it by https only. It's signed by its own key, so who trusts it trusts
// nobody but this host. An X.509 certificate by hand is little, and needs no library that is slow to load.
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIP } from 'node:net'
import type { Database } from '../state/database.ts'

export interface TlsIdentity {
  /** PEM. */
  key: string
  certificate: string
}

/** What clients of this machine call it. */
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1']
const SUBJECT = 'WhatsApp simulator'
/** Until 2050 dates are written with two digits for the year. */
const [NOT_BEFORE, NOT_AFTER] = ['200101000000Z', '491231235959Z']

/** Object identifiers, as they stand in a certificate. */
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex')
const COMMON_NAME = Buffer.from('550403', 'hex')
const SUBJECT_ALTERNATIVE_NAME = Buffer.from('551d11', 'hex')
const EXTENDED_KEY_USAGE = Buffer.from('551d25', 'hex')
const SERVER_AUTHENTICATION = Buffer.from('2b06010505070301', 'hex')

/** Loads it, or makes it: the first time, and when the host got another name. @param host a name or an IP address */
export function loadTlsIdentity(database: Database, host: string): TlsIdentity {
  const stored = database.get<{ value: Uint8Array }>(`SELECT value FROM setting WHERE name = 'media-identity'`)
  const known = stored && (JSON.parse(Buffer.from(stored.value).toString()) as TlsIdentity)
  if (known && isFor(new X509Certificate(known.certificate), host)) return known
  const key = known ? createPrivateKey(known.key) : generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const made = {
    key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
    certificate: makeCertificate(key, [...new Set([...LOCAL_NAMES, host])]),
  }
  const sql = `INSERT INTO setting (name, value) VALUES ('media-identity', ?)
    ON CONFLICT DO UPDATE SET value = excluded.value`
  database.run(sql, Buffer.from(JSON.stringify(made)))
  return made
}

const isFor = (certificate: X509Certificate, host: string): boolean =>
  (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined

/** PEM. @param names DNS names and IP addresses */
function makeCertificate(key: KeyObject, names: string[]): string {
  const algorithm = sequence(element(0x06, ECDSA_WITH_SHA256))
  const name = sequence(element(0x31, sequence(element(0x06, COMMON_NAME), element(0x0c, Buffer.from(SUBJECT)))))
  const extensions = [
    extension(SUBJECT_ALTERNATIVE_NAME, sequence(...names.map(generalName))),
    extension(EXTENDED_KEY_USAGE, sequence(element(0x06, SERVER_AUTHENTICATION))),
  ]
  const details = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))), // version 3
    element(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])), // serial number, positive
    algorithm,
    name,
    sequence(element(0x17, Buffer.from(NOT_BEFORE)), element(0x17, Buffer.from(NOT_AFTER))),
    name,
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(...extensions)),
  )
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', details, key)])
  return new X509Certificate(sequence(details, algorithm, element(0x03, signature))).toString()
}

const extension = (id: Buffer, value: Buffer): Buffer => sequence(element(0x06, id), element(0x04, value))

function generalName(name: string): Buffer {
  const version = isIP(name)
  return version === 0 ? element(0x82, Buffer.from(name)) : element(0x87, version === 4 ? ipv4(name) : ipv6(name))
}

const ipv4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number))

function ipv6(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => text.split(':').filter(Boolean)
  const [before, after] = [groups(head), groups(tail ?? '')]
  const middle = Array<string>(8 - before.length - after.length).fill('0')
  return Buffer.from([...before, ...middle, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

const sequence = (...parts: Buffer[]): Buffer => element(0x30, ...parts)

/** DER: a tag, the length, the content. */
function element(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}
