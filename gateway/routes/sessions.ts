/** Sessions: declare, read, delete. */
import { sessionIdOf } from '@berth/core/model/names.ts'
import { z } from 'zod'
import type { Caller } from '../auth.ts'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import { countSessions, findSession, installationId, isRetained, listSessions } from '../data/sessions.ts'
import { requireSession } from '../find.ts'
import { goneSignal } from '../gone.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import {
  cursorLike,
  DeletedSession,
  Limit,
  NewSessionParams,
  pageOf,
  Session,
  SessionChange,
  SessionParams,
} from '../schemas.ts'
import { keyOf, takenUp } from '../session-changes.ts'
import { sessionView } from '../session-view.ts'
import { until } from '../until.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const CURSOR = encodeCursor('support')
const NAME_FORM = /^[-a-z0-9]{1,63}$/
const MAX_DELETE_WAIT_SECONDS = 30

export function sessionRoutes(app: App, context: Context): void {
  const { database, controlPlane, limits } = context

  /** Refuses a new session that the operator would not place (its word counts when two come at once), or that would take up a deleted one's data unasked. */
  async function checkCreation(caller: Caller, resourceName: string): Promise<void> {
    const id = sessionIdOf(await installationId(database), controlPlane.namespace, resourceName)
    if (await isRetained(database, caller.tenantId, id)) throw new Problem('session_data_retained')
    const { sessionsPerTenant } = await limits.of(caller.tier)
    if ((await countSessions(database, caller.tenantId)) >= sessionsPerTenant) {
      throw new Problem('quota_exceeded', { detail: `Your tier allows ${sessionsPerTenant} of them` })
    }
  }

  app.get(
    '/sessions',
    {
      schema: {
        operationId: 'listSessions',
        summary: 'List your sessions',
        description: 'In the order of their names, in pages.',
        tags: tags.sessions,
        querystring: z.strictObject({ limit: Limit, cursor: cursorLike(CURSOR) }),
        response: {
          200: pageOf(Session, CURSOR).describe('A page of sessions'),
          ...problemResponses('validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const rows = await listSessions(database, request.caller.tenantId, {
        limit: limit + 1,
        ...(cursor !== undefined && { after: decodeCursor(cursor, NAME_FORM) }),
      })
      return page(rows, limit, sessionView, (row) => row.name)
    },
  )

  app.get(
    '/sessions/:name',
    {
      schema: {
        operationId: 'getSession',
        summary: 'One session: what it is doing, and why',
        description:
          'The state is the one that the worker wrote last, so it also tells of a session that moves at this moment.',
        tags: tags.sessions,
        params: SessionParams,
        response: {
          200: Session.describe('The session as it is now'),
          ...problemResponses('session_not_found', ...EVERYWHERE),
        },
      },
    },
    async (request) => sessionView(await requireSession(database, request.caller.tenantId, request.params.name)),
  )

  app.put(
    '/sessions/:name',
    {
      schema: {
        operationId: 'putSession',
        summary: 'Create a session, or change it',
        description:
          'What you leave out is set to its default; the same request again changes nothing. A new session is linked by scanning the code of …/qr with the phone.',
        tags: tags.sessions,
        params: NewSessionParams,
        body: SessionChange.nullish(),
        response: {
          200: Session.describe('It was there already'),
          201: Session.describe('It was created'),
          ...problemResponses(
            'managed_elsewhere',
            'provider_is_another',
            'quota_exceeded',
            'session_data_retained',
            'session_being_deleted',
            'control_plane_unavailable',
            'validation_failed',
            ...ON_CHANGES,
          ),
        },
      },
    },
    async (request, reply) => {
      const { caller } = request
      const { name } = request.params
      const wanted = request.body ?? SessionChange.parse({})
      const key = keyOf(caller, name, await findSession(database, caller.tenantId, name))
      const { session, created } = await controlPlane.declare(key, async (current) => {
        if (!current) await checkCreation(caller, key.resourceName)
        const provider = current?.spec.provider ?? wanted.provider
        if (wanted.provider !== undefined && provider !== wanted.provider) throw new Problem('provider_is_another')
        return { desiredState: wanted.desiredState, provider, method: wanted.linking.method }
      })
      return reply.code(created ? 201 : 200).send(await takenUp(context, caller, name, session))
    },
  )

  app.delete(
    '/sessions/:name',
    {
      schema: {
        operationId: 'deleteSession',
        summary: 'Delete a session',
        description:
          'The phone is unlinked and the data erased, unless the account is set up to keep them. It takes some seconds; a worker that is down does not hold it up.',
        tags: tags.sessions,
        params: SessionParams,
        querystring: z.strictObject({
          wait: z.coerce
            .number()
            .int()
            .min(0, 'Write a number of seconds from 0 to 30')
            .max(MAX_DELETE_WAIT_SECONDS, 'Write a number of seconds from 0 to 30')
            .default(0)
            .describe('Seconds to wait until it is gone'),
        }),
        response: {
          202: DeletedSession.describe('It is being deleted'),
          ...problemResponses('session_not_found', 'control_plane_unavailable', 'validation_failed', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { caller } = request
      const { name } = request.params
      const row = await requireSession(database, caller.tenantId, name)
      const key = keyOf(caller, name, row)
      const resource = await controlPlane.find(key)
      if (resource) await controlPlane.delete(key, resource.metadata.uid)
      const gone = await until(
        request.query.wait * 1000,
        async () => ((await findSession(database, caller.tenantId, name))?.id === row.id ? undefined : true),
        goneSignal(reply),
      )
      return reply.code(202).send({ id: row.id, name, deleted: gone === true })
    },
  )
}
