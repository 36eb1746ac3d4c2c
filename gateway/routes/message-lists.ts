/** Messages, found by what they are and what they say: of one session, and of all. */
import type { App, Context } from '../context.ts'
import { page } from '../cursor.ts'
import { type ListedRow, listMessages } from '../data/message-list.ts'
import { listSessionNames } from '../data/sessions.ts'
import { requireSession } from '../find.ts'
import { filterOf, MESSAGES_CURSOR, MessageQuery } from '../message-query.ts'
import { Message } from '../message-schemas.ts'
import { messageView } from '../message-view.ts'
import { problemResponses } from '../problems/problem.ts'
import { pageOf, SessionParams } from '../schemas.ts'
import { surroundingsOf } from '../show.ts'
import { EVERYWHERE, tags } from './common.ts'

const HOW =
  'What was sent and received, in pages, changes of earlier messages included. The filters can be combined. What was said before the phone was linked comes last.'

export function messageListRoutes(app: App, { database }: Context): void {
  /** @param names of the sessions that rows may be of, by id */
  async function viewOf(tenantId: string, rows: ListedRow[], names: Map<string, string>) {
    const bySession = [...Map.groupBy(rows, (row) => row.session_id)]
    const around = new Map(
      await Promise.all(
        bySession.map(async ([sessionId, ofSession]) => {
          return [sessionId, await surroundingsOf(database, { tenantId, sessionId }, ofSession)] as const
        }),
      ),
    )
    return (row: ListedRow) => messageView(row, names.get(row.session_id)!, around.get(row.session_id))
  }

  app.get(
    '/messages',
    {
      schema: {
        operationId: 'listAllMessages',
        summary: 'List messages of all sessions, newest first',
        description: HOW,
        tags: tags.messages,
        querystring: MessageQuery,
        response: {
          200: pageOf(Message, MESSAGES_CURSOR).describe('A page of messages'),
          ...problemResponses('validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const { limit } = request.query
      const names = new Map((await listSessionNames(database, tenantId)).map(({ id, name }) => [id, name]))
      const rows = await listMessages(database, tenantId, [...names.keys()], filterOf(request.query))
      return page(rows, limit, await viewOf(tenantId, rows.slice(0, limit), names), (row) => String(row.number))
    },
  )

  app.get(
    '/sessions/:name/messages',
    {
      schema: {
        operationId: 'listMessages',
        summary: 'List messages, newest first',
        description: HOW,
        tags: tags.messages,
        params: SessionParams,
        querystring: MessageQuery,
        response: {
          200: pageOf(Message, MESSAGES_CURSOR).describe('A page of messages'),
          ...problemResponses('session_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const { limit } = request.query
      const session = await requireSession(database, tenantId, request.params.name)
      const rows = await listMessages(database, tenantId, [session.id], filterOf(request.query))
      const names = new Map([[session.id, session.name]])
      return page(rows, limit, await viewOf(tenantId, rows.slice(0, limit), names), (row) => String(row.number))
    },
  )
}
