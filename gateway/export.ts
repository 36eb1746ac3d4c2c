/**
 * Everything that is stored of a tenant's sessions, record after record: for each session its contacts, its conversations, its
 * messages from the oldest on. A page at a time is in memory; whoever broke off goes on behind the last record that they have.
 */

import { contactView } from './contact-view.ts'
import { conversationView } from './conversation-view.ts'
import { listContacts, listConversationsByChat } from './data/contacts.ts'
import type { Database } from './data/database.ts'
import { messagesAbove } from './data/message-list.ts'
import { listSessionNames } from './data/sessions.ts'
import { messageView } from './message-view.ts'
import { surroundingsOf } from './show.ts'

const PAGE = 200
const KINDS = ['contact', 'conversation', 'message'] as const
type Kind = (typeof KINDS)[number]

/** Where in an export one stands: behind this record; without a key, before the first one of its kind. */
export interface ExportPosition {
  sessionId: string
  kind: Kind
  key?: string
}

export const EXPORT_POSITION_FORM = /^[0-9a-f-]{36}\.(contact|conversation|message)\..{1,100}$/

export const positionText = ({ sessionId, kind, key }: ExportPosition): string => `${sessionId}.${kind}.${key ?? ''}`

/** @param text of EXPORT_POSITION_FORM */
export function positionIn(text: string): ExportPosition {
  const [sessionId, kind, ...key] = text.split('.') as [string, Kind, ...string[]]
  return { sessionId, kind, key: key.join('.') }
}

export interface ExportRecord {
  kind: Kind
  session: string
  position: ExportPosition
  data: unknown
}

interface Scope {
  database: Database
  tenantId: string
  session: { id: string; name: string }
}

export async function* exportOf(
  database: Database,
  tenantId: string,
  after: ExportPosition | undefined,
): AsyncGenerator<ExportRecord> {
  const sessions = await listSessionNames(database, tenantId)
  for (const session of sessions.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    if (after && session.id < after.sessionId) continue
    for (const kind of KINDS) {
      const isWhereItBrokeOff = after?.sessionId === session.id
      if (isWhereItBrokeOff && KINDS.indexOf(kind) < KINDS.indexOf(after.kind)) continue
      let key = isWhereItBrokeOff && kind === after.kind ? after.key : undefined
      for (;;) {
        const page = await PAGES[kind]({ database, tenantId, session }, key)
        for (const { data, key } of page) {
          yield { kind, session: session.name, position: { sessionId: session.id, kind, key }, data }
        }
        if (page.length < PAGE) break
        key = page.at(-1)!.key
      }
    }
  }
}

type Page = (scope: Scope, after: string | undefined) => Promise<{ key: string; data: unknown }[]>

const PAGES: Record<Kind, Page> = {
  async contact({ database, tenantId, session }, after) {
    const filter = { sessionId: session.id, limit: PAGE, ...(after !== undefined && { after }) }
    const rows = await listContacts(database, tenantId, filter)
    return rows.map((row) => ({ key: row.id, data: contactView(row) }))
  },

  async conversation({ database, tenantId, session }, after) {
    const rows = await listConversationsByChat(database, tenantId, { sessionId: session.id, limit: PAGE }, after)
    const now = Date.now()
    return rows.map((row) => ({ key: row.chat, data: conversationView(row, undefined, now) }))
  },

  async message({ database, tenantId, session }, after) {
    const target = { tenantId, sessionId: session.id }
    const rows = await messagesAbove(database, target, after === undefined ? undefined : Number(after), PAGE)
    const around = await surroundingsOf(database, target, rows)
    return rows.map((row) => ({ key: String(row.number), data: messageView(row, session.name, around) }))
  },
}
