/** The worker's HTTP API (core/model/worker-api.ts): for the gateway, the kubelet's probes and Prometheus. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { acts, isAct } from '@berth/core/model/acts.ts'
import { isQuestion, questions, ShownPresence } from '@berth/core/model/questions.ts'
import { PairingCodeRequest, type SessionView, Wake, type WorkerError } from '@berth/core/model/worker-api.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { metrics } from '@berth/core/telemetry/metrics.ts'
import { type Trace, traceOf } from '@berth/core/telemetry/trace.ts'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AskFailed } from '../drivers/driver.ts'
import type { Session } from '../sessions/session.ts'

export interface HttpOptions {
  token: string
  /** The held session of this id. */
  find(sessionId: string): Session | undefined
  wake(session: Session): Promise<void>
  /** Why the worker takes nothing; undefined: it is ready. */
  notReady(): string | undefined
  log: Logger
}

const SessionParameters = z.object({ id: z.uuid() })
const QrQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  wait: z.coerce.number().min(0).max(30).default(0),
})

/** A picture is part of it. */
const ACT_LIMIT_BYTES = 1024 * 1024

class ApiError extends Error {
  readonly status: number
  readonly body: WorkerError
  constructor(status: number, body: WorkerError) {
    super(body.message)
    this.status = status
    this.body = body
  }
}

export function createHttpServer(options: HttpOptions): FastifyInstance {
  const app = Fastify({ bodyLimit: 16 * 1024, forceCloseConnections: true })
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error instanceof ApiError) return reply.code(error.status).send(error.body)
    if (error instanceof AskFailed) {
      return reply.code(409).send({ code: error.code, message: error.message } satisfies WorkerError)
    }
    if (error instanceof z.ZodError) {
      return reply.code(400).send({ code: 'bad_request', message: z.prettifyError(error) } satisfies WorkerError)
    }
    const status = error.statusCode ?? 500
    if (status < 500)
      return reply.code(status).send({ code: 'bad_request', message: error.message } satisfies WorkerError)
    options.log.warn(
      { ...idsOf(traceOf(request.headers)), err: error, route: request.routeOptions.url },
      'a call failed',
    )
    return reply.code(status).send({ message: 'The worker failed; its log says why.' })
  })

  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', (_request, reply) => {
    const reason = options.notReady()
    return reason ? reply.code(503).send({ status: 'not ready', reason }) : { status: 'ok' }
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))

  const isAuthorized = bearer(options.token)
  app.register(async (api) => {
    api.addHook('onRequest', async (request) => {
      if (isAuthorized(request)) return
      throw new ApiError(401, { code: 'unauthorized', message: 'The internal token is missing or wrong.' })
    })
    // One line for each call of the gateway, under the ids that the gateway's own lines carry.
    api.addHook('onResponse', (request, reply, done) => {
      const { method, params, routeOptions } = request
      const { id: sessionId } = params as { id?: string }
      const call = { sessionId, method, route: routeOptions.url, status: reply.statusCode, ms: reply.elapsedTime }
      options.log.info({ ...idsOf(traceOf(request.headers)), ...call }, 'answered')
      done()
    })
    const held = (request: FastifyRequest): Session => {
      const session = options.find(SessionParameters.parse(request.params).id)
      if (session) return session
      throw new ApiError(421, { code: 'not_mine', message: 'This worker does not own the session.' })
    }
    /** For what speaks to WhatsApp: a boot whose lease was not renewed may have lost its sessions to another. */
    const acting = (request: FastifyRequest): Session => {
      const session = held(request)
      if (session.mayAct) return session
      throw new ApiError(421, { code: 'not_mine', message: 'This worker may not act for the session now.' })
    }
    api.get('/sessions/:id', (request) => viewOf(held(request)))
    api.get('/sessions/:id/qr', (request, reply) => showQr(held(request), QrQuery.parse(request.query), reply))
    api.post('/sessions/:id/pairing-code', async (request, reply) => {
      const session = acting(request)
      const { phoneNumber } = PairingCodeRequest.parse(request.body)
      requireUnlinked(session)
      const { code, expiresAt } = await session.pairingCode(phoneNumber)
      return reply.header('cache-control', 'no-store').send({ code, expiresAt: expiresAt.toISOString() })
    })
    api.post('/sessions/:id/questions/:question', async (request, reply) => {
      const session = acting(request)
      const { question } = request.params as { question: string }
      if (!isQuestion(question)) return reply.callNotFound()
      const input = questions[question].input.parse(request.body)
      return session.ask(question, input as never) // the types can't tell that it is this question's
    })
    api.post('/sessions/:id/acts/:act', { bodyLimit: ACT_LIMIT_BYTES }, async (request, reply) => {
      const session = acting(request)
      const { act } = request.params as { act: string }
      if (!isAct(act)) return reply.callNotFound()
      const input = acts[act].input.parse(request.body)
      return session.act(act, input as never) // as above
    })
    api.put('/sessions/:id/presence', async (request, reply) => {
      await acting(request).show(ShownPresence.parse(request.body))
      return reply.code(204).send()
    })
    api.post('/sessions/:id/wake', async (request) => {
      const session = held(request)
      const { messageId, wait } = Wake.parse(request.body ?? {})
      await options.wake(session)
      if (messageId && wait > 0) await atMost(wait, session.outbox.whenSettled(messageId))
      return viewOf(session)
    })
  })
  return app
}

const idsOf = ({ requestId, traceId }: Trace) => ({ requestId, traceId })

const viewOf = ({ state, owner }: Session): SessionView => ({
  ...state,
  since: state.since.toISOString(),
  epoch: owner.epoch,
})

/** The newest code, or the next one within the wait. */
async function showQr(session: Session, { after, wait }: z.infer<typeof QrQuery>, reply: FastifyReply) {
  reply.header('cache-control', 'no-store')
  session.wantCode()
  const limit = AbortSignal.timeout(wait * 1000)
  for (;;) {
    const code = session.qr.newerThan(after, new Date())
    if (code) return { number: code.number, qr: code.text, expiresAt: code.expiresAt.toISOString() }
    requireUnlinked(session)
    if (limit.aborted) return reply.code(204).send()
    await session.qr.changed(limit)
  }
}

function requireUnlinked(session: Session): void {
  if (session.offersCodes) return
  const { state } = session.state
  const message = `There is nothing to scan: the session is ${state}.`
  throw new ApiError(409, { code: 'not_waiting_for_scan', message, state })
}

/** Compares hashes, which have one length, in constant time. */
function bearer(token: string): (request: FastifyRequest) => boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  const expected = hash(`Bearer ${token}`)
  return ({ headers }) => timingSafeEqual(hash(headers.authorization ?? ''), expected)
}

async function atMost(seconds: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([promise, new Promise((resolve) => (timer = setTimeout(resolve, seconds * 1000)))])
  clearTimeout(timer)
}
