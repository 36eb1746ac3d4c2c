/** What an endpoint's row holds sealed: its signing secrets, and the headers that its owner wants sent along. */
import { hkdfSync } from 'node:crypto'
import { KeyRing } from '@berth/core/crypto/seal.ts'

const SECRET = 'webhook_endpoint.secret'
const HEADERS = 'webhook_endpoint.headers'

export class EndpointSecrets {
  readonly #keys: KeyRing

  /** @param installationSecret what all gateways of the installation share */
  constructor(installationSecret: string) {
    const key = Buffer.from(hkdfSync('sha256', installationSecret, '', 'berth webhook endpoints', 32))
    this.#keys = KeyRing.parse(`1:${key.toString('base64')}`)
  }

  sealSecret(endpointId: string, secret: string): Buffer {
    return this.#keys.sealer(endpointId).seal(SECRET, Buffer.from(secret))
  }

  /** Throws SealError when it was sealed under another secret of the installation. */
  openSecret(endpointId: string, box: Buffer): string {
    return this.#keys.sealer(endpointId).open(SECRET, box).toString()
  }

  /** No headers are null. */
  sealHeaders(endpointId: string, headers: Record<string, string>): Buffer | null {
    if (Object.keys(headers).length === 0) return null
    return this.#keys.sealer(endpointId).seal(HEADERS, Buffer.from(JSON.stringify(headers)))
  }

  /** Throws SealError, too. */
  openHeaders(endpointId: string, box: Buffer | null): Record<string, string> {
    return box ? JSON.parse(this.#keys.sealer(endpointId).open(HEADERS, box).toString()) : {}
  }
}
