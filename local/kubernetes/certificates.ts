/** The server's own CA, certificate and token, made once and kept in the data folder; and the kubeconfig that has them. */
import { randomBytes } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Credentials {
  /** PEM. */
  ca: string
  certificate: string
  key: string
  /** Bearer token of the one user. */
  token: string
}

const LIFETIME_MS = 10 * 365 * 24 * 60 * 60 * 1000

/** Reads the credentials of a data folder, or makes them; only their owner may read the files. */
export async function loadCredentials(dataDir: string): Promise<Credentials> {
  const path = join(dataDir, 'credentials.json')
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (known) return JSON.parse(known) as Credentials
  const credentials = await makeCredentials()
  await writeSecret(path, JSON.stringify(credentials))
  return credentials
}

async function makeCredentials(): Promise<Credentials> {
  // Loaded here, because it is slow to load and needed once per data folder.
  const { generate } = await import('selfsigned')
  const common = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const
  const notAfterDate = new Date(Date.now() + LIFETIME_MS)
  const authority = await generate([{ name: 'commonName', value: 'berth-local-ca' }], {
    ...common,
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const server = await generate([{ name: 'commonName', value: 'berth-local-kubernetes' }], {
    ...common,
    notAfterDate,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  return {
    ca: authority.cert,
    certificate: server.cert,
    key: server.private,
    token: randomBytes(32).toString('base64url'),
  }
}

/** Writes a kubeconfig with the CA and the token in it, and returns its path. */
export async function writeKubeconfig(dataDir: string, url: string, credentials: Credentials): Promise<string> {
  const path = join(dataDir, 'kubeconfig')
  // JSON is YAML: no library needed.
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'berth-local',
    clusters: [
      {
        name: 'berth-local',
        cluster: { server: url, 'certificate-authority-data': Buffer.from(credentials.ca).toString('base64') },
      },
    ],
    users: [{ name: 'berth-local', user: { token: credentials.token } }],
    contexts: [{ name: 'berth-local', context: { cluster: 'berth-local', user: 'berth-local', namespace: 'default' } }],
  }
  await writeSecret(path, `${JSON.stringify(config, null, 2)}\n`)
  return path
}

async function writeSecret(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 })
  // The mode above only counts for a file that is new.
  await chmod(path, 0o600)
}
