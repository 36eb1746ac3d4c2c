/** Asks until it is refused, some at a time: however slow the machine is, limits fill up again slower. */
import type { Answer } from './world.ts'

const AT_ONCE = 10

/** How often it was done, and the first refusal. Throws after `limit` times without one. */
export async function untilRefused(
  ask: () => Promise<Answer>,
  limit: number,
): Promise<{ done: number; refused: Answer }> {
  for (let done = 0; done <= limit; ) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, ask))
    done += answers.filter(({ status }) => status < 400).length
    const refused = answers.find(({ status }) => status >= 400)
    if (refused) return { done, refused }
  }
  throw new Error(`not refused after ${limit} times`)
}
