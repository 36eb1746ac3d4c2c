/**
 * Which session a tenant's name meant a moment ago: a read that the session's owner answers needs no look into the database.
 * It may be out of date, so it is only good for asking the owner, who knows; for everything else the database is asked.
 */
import { LRUCache } from 'lru-cache'
import type { Target } from './owner.ts'

const SIZE = 50_000
const MS = 5000

export class KnownSessions {
  readonly #ids = new LRUCache<string, string>({ max: SIZE, ttl: MS })

  find(tenantId: string, name: string): Target | undefined {
    const sessionId = this.#ids.get(keyOf(tenantId, name))
    return sessionId === undefined ? undefined : { tenantId, sessionId }
  }

  remember({ tenantId, sessionId }: Target, name: string): void {
    this.#ids.set(keyOf(tenantId, name), sessionId)
  }
}

/** A tenant's id has no slash. */
const keyOf = (tenantId: string, name: string): string => `${tenantId}/${name}`
