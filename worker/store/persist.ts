/** Reads and calls that wait for Postgres instead of failing with it. */
import { backoffMs } from '@berth/core/kube/backoff.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import { isPermanent } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { type Ownership, OwnershipLost } from './ownership.ts'
import { within } from './within.ts'

const ANSWER_MS = 12_000
const BACKOFF = { baseMs: 50, maxMs: 1000 }

/** Asks until there is an answer. Rejects with what can't be helped by repeating, and when `signal` is aborted. */
export async function persist<T>(what: string, log: Logger, ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let failures = 1; ; failures++) {
    signal?.throwIfAborted()
    try {
      return await within(ANSWER_MS, ask())
    } catch (error) {
      if (isPermanent(error)) throw error
      log.warn({ err: error, failures }, `${what}: no answer from the database, trying again`)
      await sleep(backoffMs(failures, BACKOFF), signal)
    }
  }
}

/**
 * Writes what only a session's owner may. Resolves when it is durable; never, when the session is not ours any more, as its
 * owner is told.
 * @param write answers whether it is ours
 */
export async function persistOwned(
  what: string,
  log: Logger,
  owner: Ownership,
  write: () => Promise<boolean>,
): Promise<void> {
  if (await persist(what, log, write)) return
  owner.lose(new OwnershipLost(owner.sessionId))
  return new Promise(() => {})
}
