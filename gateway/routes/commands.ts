/** Commands on a session. Each is a durable row before it is done. */
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { findCommand, requestLogout, requestRead } from '../data/commands.ts'
import { findMessage, receivedUpTo } from '../data/messages.ts'
import { requireSession, requireUuid } from '../find.ts'
import { MessageId } from '../message-schemas.ts'
import { commandView, readInputOf } from '../message-view.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { Command, SessionParams } from '../schemas.ts'
import { LINK_REFUSALS, linkRefusal } from '../session-view.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

/** Messages that one call marks. */
const READ_TOGETHER = 50
const ONLY_RECEIVED = 'Only a message that was received can be read.'

export function commandRoutes(app: App, { database, waker }: Context): void {
  app.post(
    '/sessions/:name/logout',
    {
      schema: {
        operationId: 'logOutSession',
        summary: 'Log a session out',
        description:
          'The phone no longer lists this device. It is done as soon as the session is connected: read the command to see when. While one waits, the same one is answered. POST …/start links the session anew.',
        tags: tags.linking,
        params: SessionParams,
        response: {
          202: Command.describe('It will be done, whatever crashes'),
          ...problemResponses('session_not_found', ...LINK_REFUSALS, ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const row = await requireSession(database, tenantId, request.params.name)
      const refusal = linkRefusal(row)
      if (refusal) throw new Problem(refusal)
      const command = await requestLogout(database, tenantId, row.id)
      waker.wake({ tenantId, sessionId: row.id })
      return reply.code(202).send(commandView(command, row.name))
    },
  )

  app.post(
    '/sessions/:name/messages/:id/read',
    {
      schema: {
        operationId: 'markRead',
        summary: 'Mark messages as read',
        description: `Tells the contact that this message was read, and the ${READ_TOGETHER - 1} that came before it in its chat; the linked phone counts them as read, too. It is done as soon as the session is connected: read the command to see when. Whether contacts are told is a privacy setting of the account.`,
        tags: tags.messages,
        params: SessionParams.extend({ id: MessageId }),
        response: {
          202: Command.describe('It will be done, whatever crashes'),
          ...problemResponses(
            'session_not_found',
            'message_not_found',
            'message_not_changeable',
            ...LINK_REFUSALS,
            ...ON_CHANGES,
          ),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const session = await requireSession(database, tenantId, request.params.name)
      const target = { tenantId, sessionId: session.id }
      const message = await findMessage(database, {
        ...target,
        id: requireUuid(request.params.id, 'message_not_found'),
      })
      if (!message) throw new Problem('message_not_found')
      if (message.from_me || message.target !== null)
        throw new Problem('message_not_changeable', { detail: ONLY_RECEIVED })
      const refusal = linkRefusal(session)
      if (refusal) throw new Problem(refusal)
      const received = await receivedUpTo(database, target, message, READ_TOGETHER)
      const command = await requestRead(database, tenantId, session.id, readInputOf(message.chat, received))
      waker.wake(target)
      return reply.code(202).send(commandView(command, session.name))
    },
  )

  app.get(
    '/sessions/:name/commands/:id',
    {
      schema: {
        operationId: 'getCommand',
        summary: 'What became of a command',
        description: 'Ask until its status is no longer queued.',
        tags: tags.linking,
        params: SessionParams.extend({
          id: z
            .string()
            .describe('The id of the answer to the command')
            .meta({ examples: ['019b8a40-1c2d-7a3b-8c4d-5e6f7a8b9c0d'] }),
        }),
        response: {
          200: Command.describe('The command as it is now'),
          ...problemResponses('session_not_found', 'command_not_found', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const row = await requireSession(database, tenantId, request.params.name)
      const id = requireUuid(request.params.id, 'command_not_found')
      const command = await findCommand(database, { tenantId, sessionId: row.id, id })
      if (!command) throw new Problem('command_not_found')
      return commandView(command, row.name)
    },
  )
}
