/**
 * Which call a line of the log belongs to, through all processes: the request id that the caller sees, and the trace of
 * W3C Trace Context (https://www.w3.org/TR/trace-context/), of which every process is one span.
 *
 * A process reads both from the headers of a request and sends them on. Where the work of a request ends with its answer,
 * as in the gateway, it runs in its trace, and what it logs carries the ids without being told (log.ts).
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes, randomUUID } from 'node:crypto'

export interface Trace {
  requestId: string
  /** 32 hex digits, the same in all processes. */
  traceId: string
  /** 16 hex digits, this process's part. */
  spanId: string
  /** Two hex digits; the last bit: the caller records the trace. */
  flags: string
  /** What other systems keep with the trace; passed on as it is. */
  state?: string
}

type Headers = Record<string, string | string[] | undefined>

const REQUEST_ID = /^[\w.:/+=-]{1,128}$/
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(-.*)?$/
const MAX_STATE = 512

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

/** The caller's request id and trace where they are well-formed, else new ones; a new span either way. */
export function traceOf(headers: Headers): Trace {
  const requestId = single(headers['x-request-id'])
  const [, version, traceId, flags, more] = TRACEPARENT.exec(single(headers.traceparent) ?? '') ?? []
  // Version 00 has nothing after the flags; later ones may have.
  const known = traceId !== undefined && !(version === '00' && more !== undefined)
  const state = single(headers.tracestate)
  return {
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : randomUUID(),
    traceId: known ? traceId : randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    flags: known ? flags! : '00',
    ...(known && state && state.length <= MAX_STATE && { state }),
  }
}

/** The headers of a call that is made on behalf of a trace. */
export const traceHeaders = ({ requestId, traceId, spanId, flags, state }: Trace): Record<string, string> => ({
  'x-request-id': requestId,
  traceparent: `00-${traceId}-${spanId}-${flags}`,
  ...(state && { tracestate: state }),
})

const storage = new AsyncLocalStorage<Trace>()

/** The trace of the work that runs now; undefined: it is nobody's request. */
export const currentTrace = (): Trace | undefined => storage.getStore()

/** Runs work, and all that it begins, on behalf of a trace. */
export const inTrace = <T>(trace: Trace | undefined, work: () => T): T =>
  trace ? storage.run(trace, work) : storage.exit(work)
