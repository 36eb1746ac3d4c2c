/** Events: what happened to sessions, to be read in order and without a gap. */
import { type EventPosition, type EventRow, eventsBehind, positionOfEvent } from '@berth/core/postgres/events.ts'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import { FeedEvent } from '../event-view.ts'
import { requireSession, requireUuid } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { cursorLike, Limit, pageOf, SessionParams } from '../schemas.ts'
import { showEvents } from '../show.ts'
import { EVERYWHERE, tags } from './common.ts'

const CURSOR = encodeCursor('4711.42')
const POSITION_FORM = /^\d{1,19}\.\d{1,15}$/

const Query = z.strictObject({
  after: z
    .string()
    .optional()
    .describe('The id of the last event that you have: only what came behind it. Without it from the oldest on')
    .meta({ examples: ['0c9d2f6e-1b1f-4c57-8d0f-6a1f0e9d7b21'] }),
  limit: Limit,
  cursor: cursorLike(CURSOR),
})

const HOW =
  'Oldest first, in pages. To go on later, pass the id of the last event that you have as "after": nothing is skipped, and nothing comes twice. An event may appear a moment after it happened.'

export function eventRoutes(app: App, { database }: Context): void {
  /** Throws Problem event_not_found. */
  async function positionIn(
    tenantId: string,
    { after, cursor }: z.infer<typeof Query>,
  ): Promise<EventPosition | undefined> {
    if (cursor !== undefined) {
      const [xid, number] = decodeCursor(cursor, POSITION_FORM).split('.') as [string, string]
      return { xid, number: Number(number) }
    }
    if (after === undefined) return undefined
    const [found] = await database.query(tenantId, positionOfEvent(requireUuid(after, 'event_not_found')))
    if (!found) throw new Problem('event_not_found')
    return found
  }

  async function list(tenantId: string, query: z.infer<typeof Query>, sessionId?: string) {
    const after = await positionIn(tenantId, query)
    const { limit } = query
    const filter = { limit: limit + 1, ...(after && { after }), ...(sessionId !== undefined && { sessionId }) }
    const rows: EventRow[] = await database.query(tenantId, eventsBehind(filter))
    const shown = new Map<EventRow, FeedEvent>()
    for (const [i, event] of (await showEvents(database, tenantId, rows)).entries()) shown.set(rows[i]!, event)
    return page(
      rows,
      limit,
      (row) => shown.get(row)!,
      (row) => `${row.xid}.${row.number}`,
    )
  }

  app.get(
    '/events',
    {
      schema: {
        operationId: 'listEvents',
        summary: 'What happened to your sessions',
        description: HOW,
        tags: tags.events,
        querystring: Query,
        response: {
          200: pageOf(FeedEvent, CURSOR).describe('A page of events'),
          ...problemResponses('event_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => list(request.caller.tenantId, request.query),
  )

  app.get(
    '/sessions/:name/events',
    {
      schema: {
        operationId: 'listSessionEvents',
        summary: 'What happened to one session',
        description: HOW,
        tags: tags.events,
        params: SessionParams,
        querystring: Query,
        response: {
          200: pageOf(FeedEvent, CURSOR).describe('A page of events'),
          ...problemResponses('session_not_found', 'event_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const { id } = await requireSession(database, tenantId, request.params.name)
      return list(tenantId, request.query, id)
    },
  )
}
