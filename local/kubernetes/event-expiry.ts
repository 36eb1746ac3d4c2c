/** Events go an hour after they were last seen, as on a cluster: else they would pile up for ever. */
import { type KubeObject, valueAt } from './object.ts'
import type { Store } from './store.ts'

const EVENTS = 'events'
const LIFETIME_MS = 60 * 60 * 1000

/** Removes the events that nobody has seen since an hour before `now` (milliseconds). */
export function expireEvents(store: Store, now: number): void {
  for (const event of store.list(EVENTS)) {
    if (lastSeen(event) < now - LIFETIME_MS) store.remove(EVENTS, event)
  }
}

function lastSeen(event: KubeObject): number {
  const times = [
    event.metadata.creationTimestamp,
    event.lastTimestamp,
    event.eventTime,
    valueAt(event, ['series', 'lastObservedTime']),
  ]
  return Math.max(...times.map((time) => (typeof time === 'string' ? Date.parse(time) : 0)))
}
