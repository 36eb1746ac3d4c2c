/** Orders, so that a plan never depends on the order in which things were read. */

/** By UTF-16 code units: the same on every machine. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export const byName = (a: { name: string }, b: { name: string }): number => byText(a.name, b.name)

/** true before false. */
export const trueFirst = (a: boolean, b: boolean): number => Number(b) - Number(a)
