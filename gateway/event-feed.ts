/** A tenant's events as they come, each once and none skipped: the feed, read on and on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type EventPosition, eventsBehind } from '@berth/core/postgres/events.ts'
import type { Database } from './data/database.ts'
import type { FeedEvent } from './event-view.ts'
import { showEvents } from './show.ts'

const PAGE = 50
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500

/** Ends with the signal; throws Problem database_unavailable. */
export async function* followEvents(
  database: Database,
  tenantId: string,
  begin: EventPosition,
  signal: AbortSignal,
): AsyncGenerator<FeedEvent> {
  let after = begin
  let pause = FIRST_PAUSE_MS
  while (!signal.aborted) {
    const rows = await database.query(tenantId, eventsBehind({ after, limit: PAGE }))
    yield* await showEvents(database, tenantId, rows)
    const last = rows.at(-1)
    if (last) after = last
    pause = last ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS)
    if (rows.length < PAGE) await sleep(pause, undefined, { signal }).catch(() => {})
  }
}
