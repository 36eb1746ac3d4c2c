/** Commands on a session. Each is a durable row before it is done. */
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { findCommand, requestLogout } from '../data/commands.ts'
import { requireSession, requireUuid } from '../find.ts'
import { commandView } from '../message-view.ts'
import { Problem, problemResponses } from '../problems.ts'
import { Command, SessionParams } from '../schemas.ts'
import { linkRefusal } from '../session-view.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

export function commandRoutes(app: App, { database, waker }: Context): void {
  app.post(
    '/sessions/:name/logout',
    {
      schema: {
        operationId: 'logOutSession',
        summary: 'Log a session out',
        description:
          'The phone no longer lists this device. POST …/start links the session anew. While one waits, the same one is answered.',
        tags: tags.linking,
        params: SessionParams,
        response: {
          202: Command,
          ...problemResponses(
            'session_not_found',
            'session_not_linked',
            'session_stopped',
            'session_logged_out',
            'session_banned',
            'session_failed',
            ...ON_CHANGES,
          ),
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

  app.get(
    '/sessions/:name/commands/:id',
    {
      schema: {
        operationId: 'getCommand',
        summary: 'What became of a command',
        tags: tags.linking,
        params: SessionParams.extend({ id: z.string() }),
        response: { 200: Command, ...problemResponses('session_not_found', 'command_not_found', ...EVERYWHERE) },
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
