/** Events: what happened to sessions, to be read in order and without a gap. */
import {
  type EventPosition,
  type EventRow,
  endOfEvents,
  eventsBehind,
  positionOfEvent,
} from '@berth/core/postgres/events.ts'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import { followEvents } from '../event-feed.ts'
import { EventStream, type StreamSlots } from '../event-stream.ts'
import { FeedEvent } from '../event-view.ts'
import { requireSession, requireUuid } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { cursorLike, Limit, pageOf, SessionParams } from '../schemas.ts'
import { showEvents } from '../show.ts'
import { EVERYWHERE, tags } from './common.ts'

const CURSOR = encodeCursor('4711.42')
const EXAMPLE_EVENT = '0c9d2f6e-1b1f-4c57-8d0f-6a1f0e9d7b21'
const STREAM_EXAMPLE = `id: ${EXAMPLE_EVENT}\nevent: session.state\ndata: {"id":"${EXAMPLE_EVENT}","type":"session.state",…}\n\n`
const POSITION_FORM = /^\d{1,19}\.\d{1,15}$/

const Query = z.strictObject({
  after: z
    .string()
    .optional()
    .describe('The id of the last event that you have: only what came behind it. Without it from the oldest on')
    .meta({ examples: [EXAMPLE_EVENT] }),
  limit: Limit,
  cursor: cursorLike(CURSOR),
})

const HOW =
  'Oldest first, in pages. To go on later, pass the id of the last event that you have as "after": nothing is skipped, and nothing comes twice. An event may appear a moment after it happened.'

export function eventRoutes(app: App, { database }: Context, streams: StreamSlots): void {
  /** Throws Problem event_not_found. */
  async function positionIn(
    tenantId: string,
    { after, cursor }: { after?: string | undefined; cursor?: string | undefined },
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

  async function end(tenantId: string): Promise<EventPosition> {
    const [position] = await database.query(tenantId, endOfEvents())
    return position!
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
    '/events/stream',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamEvents',
        summary: 'Follow what happens to your sessions',
        description:
          'Server-sent events: each has its id, its type, and what GET /v1/events shows as its data. Begins with what comes from now on, or behind the event that Last-Event-ID (or "after") names, as browsers send it when they connect again. It ends after ten minutes, and when you do not read: connect again with the last id, and nothing is skipped.',
        tags: tags.events,
        querystring: z.strictObject({ after: Query.shape.after }),
        headers: z.object({
          'last-event-id': z
            .string()
            .optional()
            .describe('The id of the last event that you have')
            .meta({ examples: [EXAMPLE_EVENT] }),
        }),
        response: {
          200: {
            description: 'Events, for at most ten minutes',
            content: { 'text/event-stream': { schema: z.string().meta({ examples: [STREAM_EXAMPLE] }) } },
          },
          ...problemResponses('event_not_found', 'too_many_streams', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      // A browser that connects again says where it is; the address is still that of its first call.
      const after = request.headers['last-event-id'] || request.query.after
      const begin = after === undefined ? await end(tenantId) : (await positionIn(tenantId, { after }))!
      const { signal, release } = streams.take(tenantId, reply.raw)
      const stream = new EventStream(reply)
      try {
        for await (const event of followEvents(database, tenantId, begin, signal)) {
          stream.send({ id: event.id, event: event.type, data: event })
          await stream.ready(signal)
        }
      } catch (error) {
        // The answer has begun: all that can be said is that it ends. The client connects again.
        if (!signal.aborted) request.log.info({ error: (error as Error).message }, 'an event stream broke off')
      } finally {
        stream.end()
        release()
      }
      return reply
    },
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
