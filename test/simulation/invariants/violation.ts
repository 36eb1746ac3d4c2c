/** Something that must never be. `invariant`: its name in README.md. */
export type Violation = (invariant: string, what: string) => void
