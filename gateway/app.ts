/** The HTTP application: hooks, routes, documentation. */
import { histogram } from '@berth/core/telemetry/metrics.ts'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { collectAddresses } from './addresses.ts'
import type { App, Context } from './context.ts'
import { StreamSlots } from './event-stream.ts'
import { documentOptions } from './openapi/options.ts'
import { errorHandler } from './problems/handler.ts'
import { Problem } from './problems/problem.ts'
import type { Verdict } from './rate.ts'
import { FILE_MS, limitReceiving } from './receive-time.ts'
import { followTraces, requestIdOf } from './request-trace.ts'
import { aboutRoutes } from './routes/about.ts'
import { autoReplyRoutes } from './routes/auto-replies.ts'
import { channelRoutes } from './routes/channels.ts'
import { commandRoutes } from './routes/commands.ts'
import { conversationRoutes } from './routes/conversations.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { eventRoutes } from './routes/events.ts'
import { exportRoutes } from './routes/export.ts'
import { groupChangeRoutes } from './routes/group-changes.ts'
import { groupMemberRoutes } from './routes/group-members.ts'
import { groupRoutes } from './routes/groups.ts'
import { mediaLinkRoutes, mediaRoutes } from './routes/media.ts'
import { messageListRoutes } from './routes/message-lists.ts'
import { messageRoutes } from './routes/messages.ts'
import { pairingCodeRoutes } from './routes/pairing-code.ts'
import { peopleRoutes } from './routes/people.ts'
import { pictureRoutes } from './routes/pictures.ts'
import { presenceRoutes } from './routes/presence.ts'
import { profileRoutes } from './routes/profile.ts'
import { providerWebhookRoutes } from './routes/provider-webhooks.ts'
import { qrRoutes } from './routes/qr.ts'
import { queueRoutes } from './routes/queue.ts'
import { sessionStateRoutes } from './routes/session-state.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { webhookEndpointRoutes } from './routes/webhook-endpoints.ts'
import { NOT_AN_OBJECT } from './schemas.ts'

const BODY_LIMIT_BYTES = 256 * 1024
const MAX_HEADER_BYTES = 16 * 1024
/** Longer than load balancers keep idle connections (60 s), so that they and not we close them. */
const KEEP_ALIVE_MS = 72_000

const seconds = histogram({
  name: 'berth_http_request_duration_seconds',
  help: 'Time to answer a request, by route',
  labels: ['method', 'route', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
})

/** Builds the application; listening is the caller's. */
export async function buildApp(context: Context): Promise<App> {
  const { log, publicUrl } = context
  const handleError = errorHandler(log, publicUrl)
  const app: App = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIdOf,
    // Every line carries the request's id as it is (core/telemetry/log.ts).
    childLoggerFactory: (logger) => logger,
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: FILE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    frameworkErrors: handleError,
  }).withTypeProvider<ZodTypeProvider>()
  const methodsAt = collectAddresses(app)
  const streams = new StreamSlots(context.stopping.signal)

  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(handleError)

  // JSON only; a body that is empty is no body, whatever its Content-Type says. null is none of ours: Fastify takes it for
  // no body.
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else if ((body as string).trim() === 'null') {
      done(new Problem('validation_failed', { errors: [{ field: 'body', message: NOT_AN_OBJECT }] }))
    } else parseJson(request, body as string, done)
  })

  limitReceiving(app)
  followTraces(app)
  app.decorateRequest('caller')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
  })
  // Before anything of the request is read.
  app.addHook('onRequest', async (request) => {
    if (!request.is404) return
    const methods = methodsAt(request.url.split('?', 1)[0]!)
    if (methods.length === 0) throw new Problem('route_not_found')
    throw new Problem('method_not_allowed', { headers: { allow: methods.join(', ') } })
  })
  app.addHook('onSend', async (_request, reply) => {
    // The connection would be kept for the next request, and the gateway that stops would wait for that.
    if (context.stopping.signal.aborted) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    seconds.labels(request.method, route, String(reply.statusCode)).observe(reply.elapsedTime / 1000)
    const level = route.startsWith('/v1/') ? 'info' : 'debug'
    const tenant = request.caller?.tenantName
    const { requestId, traceId } = request.trace
    const { method } = request
    const fields = { requestId, traceId, tenant, method, route, status: reply.statusCode, ms: reply.elapsedTime }
    log[level](fields, 'answered')
  })
  app.addHook('preClose', async () => context.stopping.abort())

  await app.register(swagger, documentOptions(publicUrl))
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { persistAuthorization: true, deepLinking: true, validatorUrl: null },
  })

  aboutRoutes(app)
  mediaLinkRoutes(app, context)
  await app.register(async (webhooks: App) => providerWebhookRoutes(webhooks, context))
  await app.register(
    async (v1: App) => {
      guard(v1, context)
      sessionRoutes(v1, context)
      sessionStateRoutes(v1, context)
      qrRoutes(v1, context, streams)
      pairingCodeRoutes(v1, context)
      messageRoutes(v1, context)
      messageListRoutes(v1, context)
      exportRoutes(v1, context, streams)
      queueRoutes(v1, context)
      eventRoutes(v1, context, streams)
      webhookEndpointRoutes(v1, context)
      deliveryRoutes(v1, context)
      mediaRoutes(v1, context)
      conversationRoutes(v1, context)
      peopleRoutes(v1, context)
      profileRoutes(v1, context)
      pictureRoutes(v1, context)
      presenceRoutes(v1, context)
      groupRoutes(v1, context)
      groupChangeRoutes(v1, context)
      groupMemberRoutes(v1, context)
      commandRoutes(v1, context)
      channelRoutes(v1, context)
      autoReplyRoutes(v1, context)
    },
    { prefix: '/v1' },
  )
  await app.ready()
  return app
}

/** What every call to /v1 passes: who is it, how often, and may it change anything. */
function guard(app: App, { authenticator, limits, requestRate }: Context): void {
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('cache-control', 'no-store')
    request.caller = await authenticator.identify(request.headers)
    const { requestsPerMinute } = await limits.of(request.caller.tier)
    const verdict = requestRate.take(request.caller.tenantId, requestsPerMinute)
    reply.headers(rateHeaders(verdict))
    if (!verdict.allowed) throw new Problem('rate_limited', { retryAfterSeconds: verdict.resetSeconds })
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (request.caller.suspended && !reads) throw new Problem('tenant_suspended')
  })
}

const rateHeaders = ({ limit, remaining, resetSeconds }: Verdict) => ({
  'ratelimit-limit': limit,
  'ratelimit-remaining': remaining,
  'ratelimit-reset': resetSeconds,
})
