/** Times as people read them. Pure. */

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** As `42s`, `5m`, `3h`, `2d`; what lies in the future (clocks differ) is `0s`. */
export function duration(ms: number): string {
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? (['s', 1000] as const)
  return `${Math.max(0, Math.floor(ms / size))}${unit}`
}

/** How long ago an RFC 3339 time was; '' for none. */
export const age = (time: string | undefined, now: Date): string =>
  time ? duration(now.getTime() - Date.parse(time)) : ''

/** The time of the day here, to the second. */
export const clockTime = (time: string | undefined): string =>
  time ? new Date(time).toLocaleTimeString('en-GB', { hour12: false }) : ''
