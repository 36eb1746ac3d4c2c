/** Conditions of lists of messages; the message is m, its session s. */
import { sql } from 'kysely'
import { knownChat } from './contacts.ts'

/** Of the newest messages that have the words of a search, so many are looked at. */
const FOUND = 10_000

/** In the conversation with a person, by any address of theirs, or in a group. chat <> '': see the index in migration 0013. */
export const isInChat = (address: string) =>
  sql<boolean>`m.chat = ${knownChat(sql.ref('s.id'), address)} AND m.chat <> ''`

/**
 * @param text in the language of websearch_to_tsquery
 * @param below only messages with a lower number
 */
export function saysWords(sessionIds: string[], text: string, below: number | undefined) {
  const session = sessionIds.length === 1 ? sessionIds[0]! : null
  return sql<boolean>`m.id IN (SELECT search_messages(${session}::uuid, ${text}::text, ${below ?? null}::bigint, ${FOUND}))`
}

/** As the API shows it: what is scheduled and what was cancelled are so by their other columns. */
export function hasStatus(status: string) {
  switch (status) {
    case 'scheduled':
      return sql<boolean>`m.status = 'queued' AND m.queue_number IS NULL`
    case 'queued':
      return sql<boolean>`m.status = 'queued' AND m.queue_number IS NOT NULL`
    case 'cancelled':
      return sql<boolean>`m.status = 'failed' AND m.error_code = 'cancelled'`
    case 'failed':
      return sql<boolean>`m.status = 'failed' AND m.error_code IS DISTINCT FROM 'cancelled'`
    default:
      return sql<boolean>`m.status = ${status}::message_status`
  }
}
