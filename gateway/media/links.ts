/**
 * Links to files for who can't send a header: whoever has one may read that file until it expires. The link holds everything
 * that is needed to look the file up, under a seal of the installation's. Pure.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

export interface Link {
  tenantId: string
  mediaId: string
  /** Seconds since 1970. */
  expires: number
}

const SEAL_BYTES = 16
const LENGTH = 16 + 16 + 6 + SEAL_BYTES

export class Links {
  readonly #key: Buffer

  /** @param secret what all gateways of the installation share */
  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'berth media links', 32))
  }

  /** The part of the link that says all of it. */
  token({ tenantId, mediaId, expires }: Link): string {
    const said = Buffer.concat([idBytes(tenantId), idBytes(mediaId), Buffer.alloc(6)])
    said.writeUIntBE(expires, 32, 6)
    return Buffer.concat([said, this.#seal(said)]).toString('base64url')
  }

  /** undefined: nobody here has made it, or it has expired. `now` in milliseconds since 1970. */
  read(token: string, now: number): Link | undefined {
    const bytes = Buffer.from(token, 'base64url')
    if (bytes.length !== LENGTH || bytes.toString('base64url') !== token) return undefined
    const said = bytes.subarray(0, -SEAL_BYTES)
    if (!timingSafeEqual(bytes.subarray(-SEAL_BYTES), this.#seal(said))) return undefined
    const link = { tenantId: idOf(said, 0), mediaId: idOf(said, 16), expires: said.readUIntBE(32, 6) }
    return link.expires * 1000 > now ? link : undefined
  }

  #seal(said: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(said).digest().subarray(0, SEAL_BYTES)
  }
}

const idBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex')

function idOf(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
