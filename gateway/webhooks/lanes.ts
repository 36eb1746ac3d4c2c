/**
 * Which deliveries of an endpoint go out now. Pure.
 *
 * The events of one chat are a lane: one after the other, in the order of their numbers, and never two at once. A late
 * delivery has left its lane. How many go out at once falls by half with each failure, down to one, and rises by one with
 * each success: an endpoint that hangs occupies one connection, and one that is well gets all that it can take.
 */

export interface Waiting {
  number: number
  lane: string
  late: boolean
}

export const MOST_AT_ONCE = 20
const AT_ONCE_AT_FIRST = 5

/** The first of each lane that has none on its way; at most `room`, the oldest first. `waiting` is in the order of numbers. */
export function nextOf<Item extends Waiting>(
  waiting: Iterable<Item>,
  busyLanes: ReadonlySet<string>,
  room: number,
): Item[] {
  const chosen: Item[] = []
  const seen = new Set<string>()
  for (const item of waiting) {
    if (chosen.length >= room) break
    if (item.late) chosen.push(item)
    else if (!seen.has(item.lane)) {
      seen.add(item.lane)
      if (!busyLanes.has(item.lane)) chosen.push(item)
    }
  }
  return chosen
}

/** How many may be on their way at once, after an attempt. */
export const atOnceAfter = (atOnce: number | undefined, succeeded: boolean): number =>
  succeeded
    ? Math.min(MOST_AT_ONCE, (atOnce ?? AT_ONCE_AT_FIRST) + 1)
    : Math.max(1, Math.floor((atOnce ?? AT_ONCE_AT_FIRST) / 2))

export const atOnceOf = (atOnce: number | undefined): number => atOnce ?? AT_ONCE_AT_FIRST

const PAUSE_AFTER_MS = 3 * 24 * 3_600_000
const GONE = 410

/** Whether an endpoint is told nothing any more after a failure, and why. Times in milliseconds. */
export function pauseAfter(status: number | undefined, failingSince: number | undefined, now: number) {
  if (status === GONE) return 'gone'
  return failingSince !== undefined && now - failingSince >= PAUSE_AFTER_MS ? 'failing' : undefined
}
