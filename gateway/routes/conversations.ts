/** Conversations: the chats of a session, with what is unread in them. */
import type { ConversationFilter, ConversationRow } from '@berth/core/postgres/contacts.ts'
import { z } from 'zod'
import { chatOf } from '../chat.ts'
import type { App, Context } from '../context.ts'
import { Conversation, conversationView } from '../conversation-view.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import { findConversation, listConversations } from '../data/contacts.ts'
import { findMessages } from '../data/messages.ts'
import type { SessionRow } from '../data/sessions.ts'
import { requireSession } from '../find.ts'
import { messageView } from '../message-view.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { cursorLike, Flag, Limit, pageOf, Recipient, SessionParams } from '../schemas.ts'
import { surroundingsOf } from '../show.ts'
import { EVERYWHERE, tags } from './common.ts'

const CURSOR = encodeCursor('1767607200000000.5511999990002@s.whatsapp.net')
const POSITION_FORM = /^\d{1,16}\..{1,100}$/

const Query = z.strictObject({
  unread: Flag('Only conversations with something unread, or only those without'),
  archived: Flag('Only what is archived on the phone, or only what is not'),
  group: Flag('Only groups, or only people'),
  limit: Limit,
  cursor: cursorLike(CURSOR),
})

function filterOf(
  sessionId: string,
  { unread, archived, group, limit, cursor }: z.infer<typeof Query>,
): ConversationFilter {
  const filter = { sessionId, limit: limit + 1, unread, archived, group }
  if (cursor === undefined) return filter
  const [at, ...chat] = decodeCursor(cursor, POSITION_FORM).split('.')
  return { ...filter, after: { at: Number(at), chat: chat.join('.') } }
}

export function conversationRoutes(app: App, { database }: Context): void {
  /** With their last messages, which are looked up together. */
  async function viewOf(tenantId: string, session: SessionRow, rows: ConversationRow[]) {
    const target = { tenantId, sessionId: session.id }
    const messages = await findMessages(
      database,
      target,
      rows.flatMap(({ last_message_id }) => last_message_id ?? []),
    )
    const around = await surroundingsOf(database, target, messages)
    const byId = new Map(messages.map((row) => [row.id, messageView(row, session.name, around)]))
    const now = Date.now()
    return (row: ConversationRow) => conversationView(row, byId.get(row.last_message_id ?? ''), now)
  }

  app.get(
    '/sessions/:name/conversations',
    {
      schema: {
        operationId: 'listConversations',
        summary: 'List the conversations of a session, the latest first',
        description:
          'One for each person and group, with its last message and how much of it is unread. What was said before the phone was linked counts as read.',
        tags: tags.people,
        params: SessionParams,
        querystring: Query,
        response: {
          200: pageOf(Conversation, CURSOR).describe('A page of conversations'),
          ...problemResponses('session_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const session = await requireSession(database, tenantId, request.params.name)
      const rows = await listConversations(database, tenantId, filterOf(session.id, request.query))
      const { limit } = request.query
      const view = await viewOf(tenantId, session, rows.slice(0, limit))
      return page(rows, limit, view, (row) => `${row.position}.${row.chat}`)
    },
  )

  app.get(
    '/sessions/:name/conversations/:chat',
    {
      schema: {
        operationId: 'getConversation',
        summary: 'One conversation',
        description: "A person's phone number and LID name the same conversation, once both are known.",
        tags: tags.people,
        params: SessionParams.extend({ chat: Recipient }),
        response: {
          200: Conversation.describe('The conversation as it is now'),
          ...problemResponses('session_not_found', 'conversation_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const session = await requireSession(database, tenantId, request.params.name)
      const address = chatOf(request.params.chat)!
      const row = await findConversation(database, tenantId, { sessionId: session.id, address })
      if (!row) throw new Problem('conversation_not_found')
      return (await viewOf(tenantId, session, [row]))(row)
    },
  )
}
