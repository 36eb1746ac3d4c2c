/** Waiting for what a test expects. */

/** Asks again and again, until the answer is not undefined. */
export async function until<T>(ask: () => Promise<T | undefined> | T | undefined, seconds = 60): Promise<T> {
  const deadline = AbortSignal.timeout(seconds * 1000)
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (deadline.aborted) throw new Error(`not within ${seconds} s: ${ask}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
