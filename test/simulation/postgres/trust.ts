/** Whether the database is trusted (migration 0007): doubt, vouching, reports, confirmation, repair. */

import type { DatabaseSight, NewIncarnation } from '@berth/core/ownership/database.ts'
import * as machine from '@berth/core/ownership/machine.ts'
import type { Witness } from './ownership.ts'
import type { Tables } from './tables.ts'

export interface Trust {
  /** Of the server: another one after each start. */
  run: number
  incarnation: number
  mark: number
  home?: string
  /** The doubt that was answered last. */
  confirmed?: string
  reports: number
  answered: number
  /** Boot → the doubt up to which all its commits are there. */
  vouched: Map<string, string>
}

export const newTrust = (): Trust => ({
  run: 1,
  incarnation: 1,
  mark: 0,
  reports: 0,
  answered: 0,
  vouched: new Map(),
})

/** Undefined: it is trusted. */
export function doubtOf({ trust }: Tables): string | undefined {
  const present = presentDoubt(trust)
  const isAsked = trust.home !== undefined || trust.reports > trust.answered
  return isAsked && present !== trust.confirmed ? present : undefined
}

const presentDoubt = ({ run, reports }: Trust): string => `${run}/${reports}`

export const sightOf = (tables: Tables): DatabaseSight => {
  const { incarnation, mark, home, reports, answered } = tables.trust
  return { doubt: doubtOf(tables), incarnation, mark, home, reported: reports > answered }
}

/** False: its last commit is another one here, or this was not asked. */
export function vouch({ trust, ...tables }: Tables, bootId: string, doubt: string, commit: number): boolean {
  const isOpen = tables.ownership.boots.get(bootId)?.end === undefined
  if (!isOpen || doubtOf({ trust, ...tables }) !== doubt || tables.commits.get(bootId) !== commit) return false
  trust.vouched.set(bootId, doubt)
  return true
}

/** False: the doubt is another one by now. */
export function confirm(tables: Tables, doubt: string | undefined, home: string): boolean {
  const { trust } = tables
  if (doubtOf(tables) !== doubt) return false
  Object.assign(trust, { home, answered: trust.reports, confirmed: presentDoubt(trust) })
  return true
}

/** How many sessions are distrusted; undefined: the doubt is another one by now. */
export function repair(
  tables: Tables,
  doubt: string,
  home: string,
  { epochFloor, ...next }: NewIncarnation,
  kept: readonly string[],
  witness: Witness,
): number | undefined {
  const { trust, ownership } = tables
  if (doubtOf(tables) !== doubt) return undefined
  const boots = [...ownership.boots].map(
    ([id, boot]) => [id, { ...boot, vouched: trust.vouched.get(id) === doubt }] as const,
  )
  tables.ownership = machine.repair({ ...ownership, boots: new Map(boots) }, epochFloor, new Set(kept))
  Object.assign(trust, { ...next, home, answered: trust.reports, confirmed: presentDoubt(trust) })
  tables.marks.owners++
  witness.repaired(tables.ownership)
  return [...tables.ownership.owners.values()].filter(({ distrusted }) => distrusted).length
}
