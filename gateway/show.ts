/** Messages with what their view needs beside their rows. */
import type { Database } from './data/database.ts'
import { changesOf, type MessageRow, referencesOf } from './data/messages.ts'
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
