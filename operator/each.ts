/** Several writes at the same time, but not all at once. */

const CONCURRENCY = 16

/** Calls `work` for each item. One that fails does not keep the others; the first failure is thrown at the end. */
export async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values()
  const failures: unknown[] = []
  const lane = async () => {
    for (const item of waiting) await work(item).catch((error: unknown) => failures.push(error))
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, lane))
  if (failures.length > 0) throw failures[0]
}
