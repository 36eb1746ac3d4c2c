/** Webhook endpoints: where a tenant has its events sent to. */
import { randomUUID } from 'node:crypto'
import type { EndpointChange } from '@berth/core/postgres/webhooks.ts'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import { UUID_PATTERN, uuidV7 } from '../data/uuid.ts'
import {
  changeEndpoint,
  deleteEndpoint,
  type EndpointRow,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
} from '../data/webhooks.ts'
import { requireUuid } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { cursorLike, Limit, pageOf } from '../schemas.ts'
import {
  CreatedWebhookEndpoint,
  DeliveryAttempt,
  EndpointParams,
  EXAMPLE_ENDPOINT,
  endpointView,
  NewWebhookEndpoint,
  RotatedSecret,
  SecretRotation,
  WebhookEndpoint,
  WebhookEndpointChange,
} from '../webhooks/endpoint-schemas.ts'
import { headersOf } from '../webhooks/letter.ts'
import { newSecret } from '../webhooks/signature.ts'
import { problemOf } from '../webhooks/targets.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const CURSOR = encodeCursor(EXAMPLE_ENDPOINT)
const TIMEOUT =
  'Answer with any 2xx within 15 seconds, and do the work afterwards: everything else is a failure and is tried again, for 72 hours. An event can come more than once, under the same `webhook-id`.'
/** What an endpoint row needs that no longer opens: its owner sets it anew. */
const UNREADABLE: string[] = []

export function webhookEndpointRoutes(app: App, context: Context): void {
  const { database, limits, webhooks } = context
  const { secrets, sender, targets } = webhooks

  const viewOf = (row: EndpointRow) => {
    let names = UNREADABLE
    try {
      names = Object.keys(secrets.openHeaders(row.id, row.headers))
    } catch {
      // Sealed under another secret of the installation.
    }
    return endpointView(row, names, new Date())
  }

  /** Throws Problem validation_failed. */
  function requireTarget(url: string): void {
    const message = problemOf(targets, url)
    if (message) throw new Problem('validation_failed', { errors: [{ field: 'body.url', message }] })
  }

  /** Throws Problem webhook_endpoint_not_found. */
  async function required(tenantId: string, id: string): Promise<EndpointRow> {
    const endpointId = requireUuid(id, 'webhook_endpoint_not_found')
    const row = await findEndpoint(database, { tenantId, endpointId })
    if (!row) throw new Problem('webhook_endpoint_not_found')
    return row
  }

  const sealedHeaders = (id: string, headers: Record<string, string>) =>
    secrets.sealHeaders(
      id,
      Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    )

  app.post(
    '/webhook-endpoints',
    {
      schema: {
        operationId: 'createWebhookEndpoint',
        summary: 'Have events sent to an address of yours',
        description: `From now on each event is sent there by POST, signed as Standard Webhooks (standardwebhooks.com) has it: the headers \`webhook-id\`, \`webhook-timestamp\` and \`webhook-signature\`. The events of one chat come in order. ${TIMEOUT}`,
        tags: tags.webhooks,
        body: NewWebhookEndpoint,
        response: {
          201: CreatedWebhookEndpoint.describe('It is there. Keep its secret'),
          ...problemResponses('webhook_quota_exceeded', 'validation_failed', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { caller, body } = request
      requireTarget(body.url)
      const id = uuidV7(Date.now())
      const secret = newSecret()
      const { webhookEndpoints } = await limits.of(caller.tier)
      const row = await insertEndpoint(
        database,
        {
          id,
          tenant_id: caller.tenantId,
          url: body.url,
          description: body.description ?? null,
          enabled: body.enabled,
          events: body.events ?? null,
          sessions: body.sessions ?? null,
          headers: sealedHeaders(id, body.headers ?? {}),
          secret: secrets.sealSecret(id, secret),
        },
        webhookEndpoints,
      )
      if (!row) throw new Problem('webhook_quota_exceeded', { detail: `Your tier allows ${webhookEndpoints}.` })
      return reply.code(201).send({ ...viewOf(row), secret })
    },
  )

  app.get(
    '/webhook-endpoints',
    {
      schema: {
        operationId: 'listWebhookEndpoints',
        summary: 'List webhook endpoints, oldest first',
        description: 'Also those that are disabled.',
        tags: tags.webhooks,
        querystring: z.strictObject({ limit: Limit, cursor: cursorLike(CURSOR) }),
        response: {
          200: pageOf(WebhookEndpoint, CURSOR).describe('A page of endpoints'),
          ...problemResponses('validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const after = cursor === undefined ? {} : { after: decodeCursor(cursor, UUID_PATTERN) }
      const rows = await listEndpoints(database, request.caller.tenantId, { limit: limit + 1, ...after })
      return page(rows, limit, viewOf, ({ id }) => id)
    },
  )

  app.get(
    '/webhook-endpoints/:id',
    {
      schema: {
        operationId: 'getWebhookEndpoint',
        summary: 'One webhook endpoint, and how it is doing',
        description: 'Whether its attempts fail, and whether Berth paused it.',
        tags: tags.webhooks,
        params: EndpointParams,
        response: {
          200: WebhookEndpoint.describe('The endpoint'),
          ...problemResponses('webhook_endpoint_not_found', ...EVERYWHERE),
        },
      },
    },
    async (request) => viewOf(await required(request.caller.tenantId, request.params.id)),
  )

  app.patch(
    '/webhook-endpoints/:id',
    {
      schema: {
        operationId: 'changeWebhookEndpoint',
        summary: 'Change a webhook endpoint',
        description:
          'What is left out stays; null takes something away. `"enabled": true` also resumes one that Berth paused: what waits is sent, and what was missed meanwhile can be replayed.',
        tags: tags.webhooks,
        params: EndpointParams,
        body: WebhookEndpointChange,
        response: {
          200: WebhookEndpoint.describe('The endpoint as it is now'),
          ...problemResponses('webhook_endpoint_not_found', 'validation_failed', ...ON_CHANGES),
        },
      },
    },
    async (request) => {
      const { caller, body } = request
      const endpointId = requireUuid(request.params.id, 'webhook_endpoint_not_found')
      const { url, headers, enabled, ...plain } = body
      if (url !== undefined) requireTarget(url)
      const change: EndpointChange = {
        ...plain,
        ...(url !== undefined && { url }),
        ...(headers !== undefined && { headers: sealedHeaders(endpointId, headers ?? {}) }),
        ...(enabled !== undefined && { enabled }),
        ...(enabled && { paused_at: null, paused_reason: null, failing_since: null }),
      }
      if (Object.keys(change).length === 0) return viewOf(await required(caller.tenantId, endpointId))
      const row = await changeEndpoint(database, { tenantId: caller.tenantId, endpointId }, change)
      if (!row) throw new Problem('webhook_endpoint_not_found')
      return viewOf(row)
    },
  )

  app.delete(
    '/webhook-endpoints/:id',
    {
      schema: {
        operationId: 'deleteWebhookEndpoint',
        summary: 'Delete a webhook endpoint',
        description: 'It is told nothing more; its deliveries are not shown any more.',
        tags: tags.webhooks,
        params: EndpointParams,
        response: {
          204: z.null().describe('It is gone'),
          ...problemResponses('webhook_endpoint_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const endpointId = requireUuid(request.params.id, 'webhook_endpoint_not_found')
      const isGone = await deleteEndpoint(database, { tenantId: request.caller.tenantId, endpointId })
      if (!isGone) throw new Problem('webhook_endpoint_not_found')
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/webhook-endpoints/:id/secret',
    {
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'Give a webhook endpoint a new secret',
        description:
          'For a time both sign: `webhook-signature` holds a signature of each, parted by a blank, so that your server can change over.',
        tags: tags.webhooks,
        params: EndpointParams,
        body: SecretRotation.nullish(),
        response: {
          201: RotatedSecret.describe('The new secret. Keep it'),
          ...problemResponses('webhook_endpoint_not_found', 'validation_failed', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const row = await required(tenantId, request.params.id)
      const { overlapSeconds } = request.body ?? SecretRotation.parse({})
      const until = new Date(Date.now() + overlapSeconds * 1000)
      const secret = newSecret()
      const change = {
        secret: secrets.sealSecret(row.id, secret),
        earlier_secret: overlapSeconds > 0 ? row.secret : null,
        earlier_until: overlapSeconds > 0 ? until : null,
      }
      if (!(await changeEndpoint(database, { tenantId, endpointId: row.id }, change))) {
        throw new Problem('webhook_endpoint_not_found')
      }
      return reply.code(201).send({ secret, ...(overlapSeconds > 0 && { earlierSecretUntil: until.toISOString() }) })
    },
  )

  app.post(
    '/webhook-endpoints/:id/test',
    {
      schema: {
        operationId: 'testWebhookEndpoint',
        summary: 'Send a test event',
        description:
          'At once, with `"type": "webhook.test"`, signed like any other, and also when the endpoint is disabled. It stands in no list and is not repeated.',
        tags: tags.webhooks,
        params: EndpointParams,
        response: {
          200: DeliveryAttempt.describe('What came of it'),
          ...problemResponses('webhook_endpoint_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request) => {
      const row = await required(request.caller.tenantId, request.params.id)
      const now = new Date()
      const id = randomUUID()
      const body = JSON.stringify({
        id,
        type: 'webhook.test',
        occurredAt: now.toISOString(),
        data: { endpoint: row.id },
      })
      const { attempt } = await sender.send(row.url, headersOf(row, secrets, id, body, now), body)
      return attempt
    },
  )
}
