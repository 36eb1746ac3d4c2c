/** What waits to be sent: looked at, and cancelled. */

import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { findMessage, type MessageRow } from '../data/messages.ts'
import { cancelMessage, countQueue, listQueue } from '../data/queue.ts'
import { requireSession, requireUuid } from '../find.ts'
import { Message, MessageId } from '../message-schemas.ts'
import { messageView } from '../message-view.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { Queue, queueView } from '../queue-view.ts'
import { Limit, SessionParams } from '../schemas.ts'
import { sessionView } from '../session-view.ts'
import { surroundingsOf } from '../show.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

export function queueRoutes(app: App, { database, limits }: Context): void {
  app.get(
    '/sessions/:name/queue',
    {
      schema: {
        operationId: 'getQueue',
        summary: 'What waits to be sent',
        description:
          'The messages that are not sent yet, in the order in which they go, each with what it waits for; scheduled ones come last. One that waits can be cancelled.',
        tags: tags.messages,
        params: SessionParams,
        querystring: z.strictObject({ limit: Limit }),
        response: {
          200: Queue.describe('The queue as it is now'),
          ...problemResponses('session_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId, tier } = request.caller
      const session = await requireSession(database, tenantId, request.params.name)
      const target = { tenantId, sessionId: session.id }
      const [rows, count, allowed] = await Promise.all([
        listQueue(database, target, request.query.limit),
        countQueue(database, target),
        limits.of(tier),
      ])
      return queueView(rows, count, sessionView(session), allowed, Date.now())
    },
  )

  app.post(
    '/sessions/:name/messages/:id/cancel',
    {
      schema: {
        operationId: 'cancelMessage',
        summary: 'Cancel a message that waits',
        description:
          'It is never sent: what is answered here is certain, also while the session moves. A message that is being handed over to WhatsApp, or was, can not be cancelled any more. One that is cancelled already is answered as it is.',
        tags: tags.messages,
        params: SessionParams.extend({ id: MessageId }),
        response: {
          200: Message.describe('It is cancelled'),
          ...problemResponses('session_not_found', 'message_not_found', 'message_not_cancellable', ...ON_CHANGES),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const session = await requireSession(database, tenantId, request.params.name)
      const target = { tenantId, sessionId: session.id }
      const id = requireUuid(request.params.id, 'message_not_found')
      const cancelled = await cancelMessage(database, target, id)
      const row = cancelled ?? (await findMessage(database, { ...target, id }))
      if (!row) throw new Problem('message_not_found')
      if (row.error_code !== 'cancelled') throw new Problem('message_not_cancellable', { detail: whyNot(row) })
      return messageView(row, session.name, await surroundingsOf(database, target, [row]))
    },
  )
}

function whyNot({ from_me, status }: MessageRow): string {
  if (!from_me) return 'It came in: there is nothing to cancel.'
  if (status === 'failed') return 'It has failed already, and will not be sent.'
  if (status === 'sending')
    return 'It was handed over to WhatsApp already, or is just being. Once it is sent, you can delete it.'
  return 'It was sent already. To take it back, send a message of type "delete" that names it.'
}
