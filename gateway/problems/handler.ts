/** Turns whatever goes wrong in a request into a problem document. Nothing of the inside shows. */
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import type { ProblemCode } from './catalogue.ts'
import { type FieldError, PROBLEM_TYPE, Problem, problemDocument } from './problem.ts'

/** Fastify's own errors that are the caller's doing; any other 4xx of it is malformed_request. */
const FRAMEWORK: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_MAX_PARAM_LENGTH: 'route_not_found',
}

/** zod's words for a field that should not be there, in ours. */
function fieldErrors(error: FastifyError): FieldError[] {
  const where = error.validationContext === 'querystring' ? 'query' : (error.validationContext ?? 'body')
  return (error.validation ?? []).flatMap(({ instancePath, message, keyword, params }) => {
    const path = [where, ...(instancePath ?? '').split('/').filter(Boolean)]
    if (keyword === 'unrecognized_keys' && Array.isArray(params?.keys)) {
      return params.keys.map((key) => ({
        field: [...path, key].join('.'),
        message: 'There is no such field: leave it out',
      }))
    }
    return [{ field: path.join('.'), message: message ?? 'is not right' }]
  })
}

/** The problem that an error is to the caller; undefined: our own fault. */
function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    return new Problem('validation_failed', { errors: fieldErrors(error as FastifyError) })
  }
  const { statusCode, code, message } = error as Partial<FastifyError>
  if (statusCode === undefined || statusCode >= 500) return undefined
  const known = FRAMEWORK[code ?? '']
  return known ? new Problem(known) : new Problem('malformed_request', message ? { detail: message } : {})
}

function sendProblem(reply: FastifyReply, problem: Problem, publicUrl?: string): FastifyReply {
  const { headers, retryAfterSeconds } = problem.details
  if (headers) reply.headers(headers)
  if (retryAfterSeconds !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterSeconds)))
  return (
    reply
      .code(problem.status)
      // Errors of the URL itself come before any hook.
      .header('x-request-id', reply.request.id)
      .type(PROBLEM_TYPE)
      .serializer(JSON.stringify)
      .send(problemDocument(problem, reply.request.id, publicUrl))
  )
}

/** What may stand in a log: Postgres puts rows, and so texts of messages, into other properties of its errors. */
const described = (error: unknown) =>
  error instanceof Error ? { error: error.message, stack: error.stack } : { error: String(error) }

export const errorHandler =
  (log: Logger, publicUrl?: string) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = problemOf(error)
    // The caller went away: nobody reads the answer.
    if (!problem && !reply.raw.destroyed) {
      const { method, routeOptions, trace } = request
      const { requestId, traceId } = trace
      log.error({ ...described(error), requestId, traceId, method, route: routeOptions.url }, 'a request failed')
    }
    return sendProblem(reply, problem ?? new Problem('internal_error'), publicUrl)
  }
