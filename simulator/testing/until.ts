// Waits for a condition in tests.

/** Resolves with the first truthy answer of `probe`. @throws after `limitMs`, naming what was awaited */
export async function until<T>(probe: () => T | Promise<T>, what: string, limitMs = 15_000): Promise<NonNullable<T>> {
  const end = Date.now() + limitMs
  for (;;) {
    const value = await probe()
    if (value) return value
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
