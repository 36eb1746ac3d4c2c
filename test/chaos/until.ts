/** Waiting for a condition, never for a time; and reading once more what could not be read. */
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 100

/**
 * Resolves with the first answer that is not undefined or false; an error of the condition counts as "not yet", since half
 * of Berth may be down on purpose. Throws when it takes longer than `timeoutMs`, saying for what, with the last error.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  condition: () => Promise<T | undefined | false>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (let failure: unknown; ; ) {
    signal?.throwIfAborted()
    try {
      const answer = await condition()
      if (answer !== undefined && answer !== false) return answer
      failure = undefined
    } catch (error) {
      failure = error
    }
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${timeoutMs / 1000} s`, failure ? { cause: failure } : undefined)
    }
    await delay(POLL_MS)
  }
}

const READ_TRIES = 5

/** For reads only: a connection may be closed in the very moment in which it is used, on a busy machine above all. */
export async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read()
    } catch (error) {
      if (tries === READ_TRIES) throw error
      await delay(tries * POLL_MS)
    }
  }
}
