/** Asks again until there is an answer, or until it takes too long. */
import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_PAUSE_MS = 25
const LONGEST_PAUSE_MS = 250

/** The first answer that is not undefined; undefined when none came within `ms`. Asks once at least. */
export async function until<T>(
  ms: number,
  ask: () => Promise<T | undefined>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const deadline = performance.now() + ms
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const answer = await ask()
    const left = deadline - performance.now()
    if (answer !== undefined || left <= 0) return answer
    await sleep(Math.min(pause, left), undefined, signal ? { signal } : {})
  }
}
