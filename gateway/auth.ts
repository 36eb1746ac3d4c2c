/** Who calls: the tenant comes from the API key and from nothing else in the request. */
import { hashApiKey } from '@berth/core/crypto/api-key.ts'
import type { FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { Problem } from './problems/problem.ts'

export interface Caller {
  keyId: string
  tenantId: string
  tenantName: string
  suspended: boolean
  /** Name of the tier. */
  tier: string
}

export type KeyLookup = (hash: Buffer) => Promise<Caller | undefined>

/** A revoked key, a suspension or a new tier is seen after this time at the latest. */
const CACHE_MS = 30_000
const CACHE_SIZE = 10_000

/** The key of a request: a bearer token, or the header X-API-Key for clients that can't set Authorization. */
export function keyOf(headers: FastifyRequest['headers']): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
  const plain = headers['x-api-key']
  return bearer ?? (typeof plain === 'string' && plain ? plain : undefined)
}

export class Authenticator {
  readonly #lookup: KeyLookup
  /** Unknown keys are remembered too, so that repeating one costs the database nothing. */
  readonly #known = new LRUCache<string, { caller: Caller | undefined }>({ max: CACHE_SIZE, ttl: CACHE_MS })

  constructor(lookup: KeyLookup) {
    this.#lookup = lookup
  }

  /** Throws Problem api_key_missing or api_key_invalid. */
  async identify(headers: FastifyRequest['headers']): Promise<Caller> {
    const key = keyOf(headers)
    if (!key) throw new Problem('api_key_missing', { headers: { 'www-authenticate': 'Bearer' } })
    const hash = hashApiKey(key)
    const caller = hash && (await this.#find(hash))
    if (!caller) {
      throw new Problem('api_key_invalid', { headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    }
    return caller
  }

  async #find(hash: Buffer): Promise<Caller | undefined> {
    const id = hash.toString('base64')
    const cached = this.#known.get(id)
    if (cached) return cached.caller
    const caller = await this.#lookup(hash)
    this.#known.set(id, { caller })
    return caller
  }
}
