/** The certificates of one cluster: its own authority, the API server's, and one for each who talks to it. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generate } from 'selfsigned'

export interface Pair {
  /** PEM. */
  certificate: string
  /** PEM. */
  key: string
}

type Subject = Parameters<typeof generate>[0]
type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>['extensions']>

const COMMON = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const
/** A cluster lives for days at most. */
const LIFETIME_MS = 365 * 24 * 60 * 60 * 1000

export class Authority {
  readonly certificate: string
  readonly #key: string

  constructor({ certificate, key }: Pair) {
    this.certificate = certificate
    this.#key = key
  }

  static async make(): Promise<Authority> {
    return new Authority(
      await issue(
        [{ name: 'commonName', value: 'berth-cluster' }],
        [
          { name: 'basicConstraints', cA: true, critical: true },
          { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
        ],
      ),
    )
  }

  /** For a server under these names and IP addresses. */
  server(names: string[], addresses: string[]): Promise<Pair> {
    const altNames = [
      ...names.map((value) => ({ type: 2, value }) as const),
      ...addresses.map((ip) => ({ type: 7, ip }) as const),
    ]
    return this.#sign(
      [{ name: 'commonName', value: names[0] ?? addresses[0] }],
      [
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames },
      ],
    )
  }

  /** For a user of the Kubernetes API; groups give it its rights. */
  client(user: string, groups: string[] = []): Promise<Pair> {
    const subject = [
      ...groups.map((value) => ({ name: 'organizationName', value })),
      { name: 'commonName', value: user },
    ]
    return this.#sign(subject, [{ name: 'extKeyUsage', clientAuth: true }])
  }

  #sign(subject: Subject, extensions: Extensions): Promise<Pair> {
    return issue(
      subject,
      [{ name: 'basicConstraints', cA: false }, { name: 'keyUsage', digitalSignature: true }, ...extensions],
      { key: this.#key, cert: this.certificate },
    )
  }
}

async function issue(subject: Subject, extensions: Extensions, ca?: { key: string; cert: string }): Promise<Pair> {
  const notAfterDate = new Date(Date.now() + LIFETIME_MS)
  const { cert, private: key } = await generate(subject, { ...COMMON, notAfterDate, extensions, ca })
  return { certificate: cert, key }
}

/** What service account tokens are signed with and checked against. */
export function makeTokenKeys(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  })
}

/** Writes `<name>.crt` and `<name>.key`. */
export async function writePair(folder: string, name: string, pair: Pair): Promise<void> {
  await writeSecret(path.join(folder, `${name}.crt`), pair.certificate)
  await writeSecret(path.join(folder, `${name}.key`), pair.key)
}

/** A kubeconfig with everything in it, so that the file can be copied. */
export async function writeKubeconfig(file: string, url: string, authority: Authority, user: Pair): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const name = 'berth-cluster'
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': base64(authority.certificate) } }],
    users: [
      {
        name,
        user: { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  }
  // JSON is YAML: no library needed.
  await writeSecret(file, `${JSON.stringify(config, null, 2)}\n`)
}

export async function writeSecret(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, text, { mode: 0o600 })
}
