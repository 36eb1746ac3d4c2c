/** As Promise.all, but fails only when all are settled: nothing goes on starting behind the back of who stops it all. */
export async function together<T extends readonly unknown[]>(
  work: [...T],
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
