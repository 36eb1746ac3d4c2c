/**
 * Two resources can mean the same session name of a tenant: `acme.support`, and `support` of tenant acme. The one that
 * has been taken up already keeps it, else the older one; the other waits.
 */
import { sessionNameOf } from '../model/names.ts'
import { byName, byText, trueFirst } from './sort.ts'

interface Named {
  name: string
  tenant: string
  createdAt: string
  /** It has its row in the database. */
  takenUp: boolean
}

/** The sessions that have to wait → the resource that has their name. */
export function namesTaken(sessions: readonly Named[]): Map<string, string> {
  const holders = new Map<string, string>()
  const waiting = new Map<string, string>()
  const inOrder = [...sessions].sort(
    (a, b) => trueFirst(a.takenUp, b.takenUp) || byText(a.createdAt, b.createdAt) || byName(a, b),
  )
  for (const { name, tenant } of inOrder) {
    const key = `${tenant}/${sessionNameOf(name, tenant)}`
    const holder = holders.get(key)
    if (holder === undefined) holders.set(key, name)
    else waiting.set(name, holder)
  }
  return waiting
}
