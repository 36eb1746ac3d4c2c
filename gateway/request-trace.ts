/** Every request runs in its trace (core/telemetry/trace.ts), from its first hook to its answer. */
import { inTrace, type Trace, traceOf } from '@berth/core/telemetry/trace.ts'
import type { RawRequestDefaultExpression } from 'fastify'
import type { App } from './context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    readonly trace: Trace
  }
}

/** Begun where Fastify asks for the id, which is before anything can go wrong with the request. */
const traces = new WeakMap<RawRequestDefaultExpression, Trace>()

export function requestIdOf(raw: RawRequestDefaultExpression): string {
  const trace = traceOf(raw.headers)
  traces.set(raw, trace)
  return trace.requestId
}

export function followTraces(app: App): void {
  app.decorateRequest('trace', {
    getter() {
      return traces.get(this.raw)!
    },
  })
  app.addHook('onRequest', (request, _reply, done) => inTrace(request.trace, done))
  // The body's events come from the connection, which belongs to no request.
  app.addHook('preValidation', (request, _reply, done) => inTrace(request.trace, done))
}
