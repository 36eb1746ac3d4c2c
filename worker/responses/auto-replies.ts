/** How the sessions of this boot reply by themselves: read at claims, and again every few seconds. */
import { loadAutoReplies } from '@berth/core/postgres/channels.ts'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { type Rule, replyTo } from './reply.ts'

export class AutoReplies {
  readonly #pool: Pool
  readonly #bootId: string
  #rules = new Map<string, Rule>()

  constructor(pool: Pool, bootId: string) {
    this.#pool = pool
    this.#bootId = bootId
  }

  async refresh(): Promise<void> {
    const rows = await loadAutoReplies(this.#pool, this.#bootId)
    this.#rules = new Map(rows.map(({ session_id, ...rule }) => [session_id, rule]))
  }

  to(sessionId: string, message: ReceivedMessage): ReceivedMessage | undefined {
    return replyTo(message, this.#rules.get(sessionId), new Date())
  }
}
