/** What is said of many durations at once. Milliseconds. */
export interface Spread {
  /** How many were measured. */
  n: number
  p50: number
  p99: number
  max: number
}

/** undefined: nothing was measured. Each figure is one that was really measured (nearest rank). */
export function spread(values: number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const rank = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!
  return { n: sorted.length, p50: rank(0.5), p99: rank(0.99), max: sorted.at(-1)! }
}
