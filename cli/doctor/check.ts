/** One line of the doctor: what was looked at, how it is, and what to do. Pure. */
import { plain } from '../table.ts'

export interface Check {
  /** What was looked at. */
  about: string
  level: 'ok' | 'warn' | 'fail'
  /** What was found, and what to do where it is not well. */
  says: string
}

type Say = (about: string, says: string) => Check

export const ok: Say = (about, says) => ({ about, level: 'ok', says })
export const warn: Say = (about, says) => ({ about, level: 'warn', says })
export const fail: Say = (about, says) => ({ about, level: 'fail', says })

/** A line each. */
export const checkLines = (checks: Check[]): string =>
  checks.map(({ level, about, says }) => plain(`${level.padEnd(5)} ${about.padEnd(15)} ${says}`)).join('\n')

/** Names, but not so many that nobody reads them. */
export function some(names: string[], most = 5): string {
  const more = names.length - most
  return more > 0 ? `${names.slice(0, most).join(', ')} and ${more} more` : names.join(', ')
}
