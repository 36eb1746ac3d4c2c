// How the control API answers: only what is durable, and errors as {error: {code, message}}.
import type { FastifyInstance } from 'fastify'
import { ZodError } from 'zod'
import { SimulatorError } from '../errors.ts'
import type { Network } from '../whatsapp/network.ts'

export function registerAnswers(app: FastifyInstance, network: Network): void {
  app.addHook('onSend', async () => {
    await network.state.database.durable()
  })
  app.setNotFoundHandler((request, reply) => {
    reply.code(404).send(body('not_found', `${request.method} ${request.url} doesn't exist here.`))
  })
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof SimulatorError) return reply.code(error.status).send(body(error.code, error.message))
    if (error instanceof ZodError) return reply.code(422).send(body('invalid_request', explain(error)))
    const { statusCode, message } = error as { statusCode?: number; message?: string }
    if (statusCode && statusCode < 500)
      return reply.code(statusCode).send(body('invalid_request', message ?? 'Not understood.'))
    network.fault({
      kind: 'internal-error',
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    return reply.code(500).send(body('internal_error', 'The simulator failed; the fault list says where.'))
  })
}

function explain(error: ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'The request'}: ${issue.message}`).join('; ')
}

function body(code: string, message: string) {
  return { error: { code, message } }
}
