/** How many sessions are connected, second by second after something struck them. Pure; milliseconds since 1970. */
import type { ConnectionRecord } from '../chaos/records.ts'

export interface Curve {
  stepMs: number
  /** Sessions by group. */
  of: Record<string, number>
  /** Connected at the end of each step, by group. */
  connected: Record<string, number[]>
  /** Logins within each step, all groups. */
  logins: number[]
}

/** @param groups of phone numbers: for example the tier of each account */
export function curveOf(
  groups: ReadonlyMap<string, string>,
  connections: ConnectionRecord[],
  span: { at: number; until: number; stepMs: number },
): Curve {
  const { at, until, stepMs } = span
  const steps = Math.max(1, Math.ceil((until - at) / stepMs))
  const names = [...new Set(groups.values())]
  const zeros = () => new Array<number>(steps).fill(0)
  const connected = Object.fromEntries(names.map((name) => [name, zeros()]))
  const logins = zeros()
  const own = connections.filter(({ number, loginAt }) => loginAt !== null && groups.has(number ?? ''))
  for (const [number, some] of Map.groupBy(own, (one) => one.number!)) {
    const line = connected[groups.get(number)!]!
    for (let step = 0; step < steps; step++) {
      const moment = Math.min(at + (step + 1) * stepMs, until)
      if (some.some(({ loginAt, closedAt }) => loginAt! <= moment && (closedAt ?? Infinity) > moment)) line[step]! += 1
    }
    for (const { loginAt } of some) {
      if (loginAt! >= at && loginAt! < until) logins[Math.floor((loginAt! - at) / stepMs)]! += 1
    }
  }
  const of = Object.fromEntries(names.map((name) => [name, [...groups.values()].filter((one) => one === name).length]))
  return { stepMs, of, connected, logins }
}

const BARS = '▁▂▃▄▅▆▇█'

/** A line of bars, `width` at most; each is the last value of what it stands for. @param full the value of a full bar */
export function sparkline(values: number[], full: number, width = 60): string {
  const perBar = Math.ceil(values.length / width)
  const shown = values.filter((_, i) => i % perBar === perBar - 1 || i === values.length - 1)
  const bar = (value: number) => BARS[Math.min(BARS.length - 1, Math.floor((value / full) * (BARS.length - 1)))]!
  return shown.map(bar).join('')
}
