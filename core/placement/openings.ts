/**
 * The workers of a tier, kept so that the best one for a tenant is found without looking at all of them: by group (which
 * the caller prefers one after the other), then by how many tenants they have, then by host.
 */
import type { WorkerView } from './snapshot.ts'
import { byText } from './sort.ts'

export interface Opening {
  worker: WorkerView
  /** undefined: it takes nobody, and only counts for its host. */
  group?: number
  tenants: number
  sessions: number
}

/** Hosts and zones that are second choice among equals. */
export interface Avoid {
  hosts: ReadonlySet<string>
  zones: ReadonlySet<string>
}

/** Of one host with one number of tenants: those with most sessions first. */
type Row = Opening[]

export class Openings {
  readonly #known = new Map<string, Opening>()
  /** Group → number of tenants → host. */
  readonly #groups: Map<string, Row>[][] = []
  /** Tenants on each host, and in each zone. */
  readonly #crowds = { host: new Map<string, number>(), zone: new Map<string, number>() }

  set(opening: Opening): void {
    const { name } = opening.worker
    this.delete(name)
    this.#known.set(name, opening)
    this.#count(opening, opening.tenants)
    if (opening.group === undefined) return
    this.#groups[opening.group] ??= []
    const levels = this.#groups[opening.group]!
    levels[opening.tenants] ??= new Map()
    const level = levels[opening.tenants]!
    const row = level.get(hostOf(opening))
    if (row) row.splice(positionIn(row, opening), 0, opening)
    else level.set(hostOf(opening), [opening])
  }

  delete(name: string): void {
    const opening = this.#known.get(name)
    if (!opening) return
    this.#known.delete(name)
    this.#count(opening, -opening.tenants)
    if (opening.group === undefined) return
    const level = this.#groups[opening.group]![opening.tenants]!
    const row = level.get(hostOf(opening))!
    row.splice(positionIn(row, opening), 1)
    if (row.length === 0) level.delete(hostOf(opening))
  }

  /** Of the first group that has one which passes the test: the fullest; of these, the one whose zone and host have fewest tenants. */
  find(groups: readonly number[], avoid: Avoid, test: (worker: WorkerView) => boolean): WorkerView | undefined {
    for (const group of groups) {
      const levels = this.#groups[group] ?? []
      for (let tenants = levels.length - 1; tenants >= 0; tenants--) {
        const level = levels[tenants]
        if (!level || level.size === 0) continue
        let best: Opening | undefined
        for (const row of level.values()) {
          const one = row.find(({ worker }) => test(worker))
          if (one && (!best || this.compare(one, best, avoid) < 0)) best = one
        }
        if (best) return best.worker
      }
    }
    return undefined
  }

  /** Which of two equally full ones is the better place: away from what was lost, where fewest tenants are, with most sessions. */
  compare(a: Opening, b: Opening, avoid: Avoid): number {
    return (
      riskOf(a, avoid) - riskOf(b, avoid) ||
      this.#crowd('zone', a) - this.#crowd('zone', b) ||
      this.#crowd('host', a) - this.#crowd('host', b) ||
      byFill(a, b)
    )
  }

  #crowd(what: 'host' | 'zone', { worker }: Opening): number {
    return this.#crowds[what].get(worker[what] ?? '') ?? 0
  }

  #count({ worker }: Opening, tenants: number): void {
    for (const what of ['host', 'zone'] as const) {
      const place = worker[what]
      if (place) this.#crowds[what].set(place, (this.#crowds[what].get(place) ?? 0) + tenants)
    }
  }
}

const hostOf = ({ worker }: Opening): string => worker.host ?? ''

const byFill = (a: Opening, b: Opening): number => b.sessions - a.sessions || byText(a.worker.name, b.worker.name)

const riskOf = ({ worker: { host, zone } }: Opening, { hosts, zones }: Avoid): number =>
  host !== undefined && hosts.has(host) ? 2 : zone !== undefined && zones.has(zone) ? 1 : 0

/** Where it is in the row, or belongs. */
function positionIn(row: Row, opening: Opening): number {
  let [low, high] = [0, row.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (byFill(row[middle]!, opening) < 0) low = middle + 1
    else high = middle
  }
  return low
}
