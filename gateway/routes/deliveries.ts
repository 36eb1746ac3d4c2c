/** Deliveries: what was told to a webhook endpoint, with every attempt; and telling it again. */
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import {
  findDelivery,
  findEndpoint,
  listDeliveries,
  replayDeliveries,
  replayDelivery,
  tellMissed,
} from '../data/webhooks.ts'
import { requireUuid } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { cursorLike, Instant, Limit, NOT_AN_OBJECT, pageOf } from '../schemas.ts'
import { Delivery, DeliveryParams, DeliveryStatus, deliveryView, EndpointParams } from '../webhooks/endpoint-schemas.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const CURSOR = encodeCursor('4711')
const NUMBER_FORM = /^\d{1,15}$/
/** Of one request: it is done within a statement's time. */
const REPLAYED_AT_ONCE = 10_000

const Replay = z
  .strictObject(
    {
      what: z
        .enum(['dead', 'delivered', 'missed'], 'Write "dead", "delivered" or "missed"')
        .describe(
          'dead: what was given up; delivered: what was told; missed: events that it was never told, for it was disabled or not there',
        ),
      after: Instant('Only what came to be after this time'),
      before: Instant('Only what came to be before this time'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'Replay', examples: [{ what: 'dead' }] })

const Replayed = z
  .object({
    count: z.int().describe('So many are told now'),
    more: z.boolean().describe('There are more than can be done at once: repeat the call'),
  })
  .meta({ id: 'Replayed', examples: [{ count: 12, more: false }] })

export function deliveryRoutes(app: App, { database }: Context): void {
  /** Throws Problem webhook_endpoint_not_found. */
  async function required(tenantId: string, id: string): Promise<{ tenantId: string; endpointId: string }> {
    const target = { tenantId, endpointId: requireUuid(id, 'webhook_endpoint_not_found') }
    if (!(await findEndpoint(database, target))) throw new Problem('webhook_endpoint_not_found')
    return target
  }

  /** Throws Problem delivery_not_found, too. */
  async function requireDelivery(tenantId: string, { id, event }: z.infer<typeof DeliveryParams>) {
    const target = await required(tenantId, id)
    const eventId = requireUuid(event, 'delivery_not_found')
    const row = await findDelivery(database, target, eventId)
    if (!row) throw new Problem('delivery_not_found')
    return { target, eventId, row }
  }

  app.get(
    '/webhook-endpoints/:id/deliveries',
    {
      schema: {
        operationId: 'listDeliveries',
        summary: 'What was told to a webhook endpoint, newest first',
        description: 'With the attempts and how they were answered. A delivery is kept as long as its event.',
        tags: tags.webhooks,
        params: EndpointParams,
        querystring: z.strictObject({
          status: DeliveryStatus.optional().describe('Only what is so now'),
          limit: Limit,
          cursor: cursorLike(CURSOR),
        }),
        response: {
          200: pageOf(Delivery, CURSOR).describe('A page of deliveries'),
          ...problemResponses('webhook_endpoint_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { status, limit, cursor } = request.query
      const target = await required(request.caller.tenantId, request.params.id)
      const below = cursor === undefined ? {} : { below: Number(decodeCursor(cursor, NUMBER_FORM)) }
      const rows = await listDeliveries(database, target, { status, limit: limit + 1, ...below })
      return page(rows, limit, deliveryView, ({ number }) => String(number))
    },
  )

  app.get(
    '/webhook-endpoints/:id/deliveries/:event',
    {
      schema: {
        operationId: 'getDelivery',
        summary: 'How one event was told to a webhook endpoint',
        description: 'With the attempts and how they were answered.',
        tags: tags.webhooks,
        params: DeliveryParams,
        response: {
          200: Delivery.describe('The delivery'),
          ...problemResponses('webhook_endpoint_not_found', 'delivery_not_found', ...EVERYWHERE),
        },
      },
    },
    async (request) => deliveryView((await requireDelivery(request.caller.tenantId, request.params)).row),
  )

  app.post(
    '/webhook-endpoints/:id/deliveries/:event/replay',
    {
      schema: {
        operationId: 'replayDelivery',
        summary: 'Tell an event again',
        description: 'Under the same id, beside what else is told. One that is still to be told goes on as it is.',
        tags: tags.webhooks,
        params: DeliveryParams,
        response: {
          202: Delivery.describe('It is told again'),
          ...problemResponses('webhook_endpoint_not_found', 'delivery_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const { target, eventId } = await requireDelivery(tenantId, request.params)
      await replayDelivery(database, target, eventId)
      return reply.code(202).send(deliveryView((await requireDelivery(tenantId, request.params)).row))
    },
  )

  app.post(
    '/webhook-endpoints/:id/replay',
    {
      schema: {
        operationId: 'replayDeliveries',
        summary: 'Tell many events again',
        description: `All that fit, the oldest first, at most ${REPLAYED_AT_ONCE} at once; under their ids, and in no certain order.`,
        tags: tags.webhooks,
        params: EndpointParams,
        body: Replay,
        response: {
          202: Replayed.describe('They are told again'),
          ...problemResponses('webhook_endpoint_not_found', 'validation_failed', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const target = await required(request.caller.tenantId, request.params.id)
      const { what, ...span } = request.body
      const filter = { ...span, limit: REPLAYED_AT_ONCE }
      const count = await (what === 'missed'
        ? tellMissed(database, target, filter)
        : replayDeliveries(database, target, what, filter))
      return reply.code(202).send({ count, more: count === REPLAYED_AT_ONCE })
    },
  )
}
