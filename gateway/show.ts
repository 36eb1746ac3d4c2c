/** Messages and events with what their view needs beside their rows. */
import type { ToldEvent } from '@berth/core/postgres/events.ts'
import type { Database } from './data/database.ts'
import { changesOf, type MessageRow, referencesOf } from './data/messages.ts'
import { eventView, type FeedEvent, messageThen } from './event-view.ts'
import type { Surroundings } from './message-view.ts'

export async function surroundingsOf(
  database: Database,
  target: { tenantId: string; sessionId: string },
  rows: MessageRow[],
): Promise<Surroundings> {
  const [changes, references] = await Promise.all([
    changesOf(database, target, rows),
    referencesOf(database, target, rows),
  ])
  return { changes, references }
}

/** Events of one tenant as customers get them, in the same order. */
export async function showEvents(database: Database, tenantId: string, rows: ToldEvent[]): Promise<FeedEvent[]> {
  const bySession = Map.groupBy(rows, ({ session_id }) => session_id)
  const found = [...bySession].map(async ([sessionId, ofSession]) => {
    const messages = ofSession.flatMap((row) => messageThen(row) ?? [])
    return sessionId === null ? [] : referencesOf(database, { tenantId, sessionId }, messages)
  })
  const references = new Map([...bySession.keys()].map((sessionId, i) => [sessionId, found[i]!]))
  return Promise.all(rows.map(async (row) => eventView(row, await references.get(row.session_id))))
}
