/** Randomness that a seed repeats: a run that found something is run again with the same faults in the same order. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, but not including, 1. Mulberry32: small, and good enough to choose with. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new Error('There is nothing to choose from.')
    return choices[Math.floor(this.next() * choices.length)]!
  }

  shuffle<T>(items: readonly T[]): T[] {
    const left = [...items]
    const shuffled: T[] = []
    while (left.length > 0) shuffled.push(...left.splice(Math.floor(this.next() * left.length), 1))
    return shuffled
  }
}

/** One after the other in random order, each as often as the others: every fault has its turn. */
export function* endlessly<T>(items: readonly T[], random: Random): Generator<T, never> {
  for (;;) yield* random.shuffle(items)
}
