/** What the Kubernetes API answered instead of what was asked for, and the questions one asks of such an answer. */

/** metav1.Status, the body of an error answer. */
export interface Status {
  kind: 'Status'
  status?: string
  message?: string
  reason?: string
  code?: number
  details?: StatusDetails
}

export interface StatusDetails {
  name?: string
  kind?: string
  uid?: string
  causes?: { reason?: string; message?: string; field?: string }[]
  retryAfterSeconds?: number
}

interface KubeErrorInit {
  /** HTTP status; 0 when there was no answer. */
  status: number
  reason: string
  message: string
  details?: StatusDetails
  body?: unknown
  /** How long the server asks us to wait. */
  retryAfterMs?: number
  cause?: unknown
}

export class KubeError extends Error {
  readonly status: number
  /** Kubernetes' machine-readable reason, as 'Conflict'; 'Unreachable' or 'Timeout' when there was no answer. */
  readonly reason: string
  readonly details?: StatusDetails
  readonly body?: unknown
  readonly retryAfterMs?: number

  constructor(init: KubeErrorInit) {
    super(init.message, { cause: init.cause })
    this.name = 'KubeError'
    this.status = init.status
    this.reason = init.reason
    this.details = init.details
    this.body = init.body
    this.retryAfterMs = init.retryAfterMs
  }

  /** An error answer to a request; `body` is its parsed JSON or its text. */
  static fromAnswer(request: string, status: number, body: unknown, retryAfterMs?: number): KubeError {
    const answer = isStatus(body) ? body : undefined
    const text = typeof body === 'string' ? body.trim().slice(0, 500) : ''
    return new KubeError({
      status,
      reason: answer?.reason || 'Unknown',
      message: `${request}: ${answer?.message || text || 'no message'} (${status})`,
      details: answer?.details,
      body,
      retryAfterMs: retryAfterMs ?? (answer?.details?.retryAfterSeconds ?? 0) * 1000,
    })
  }

  static unreachable(server: string, request: string, cause: unknown): KubeError {
    const message = `Kubernetes API at ${server} is unreachable: ${describe(cause)} (${request})`
    return new KubeError({ status: 0, reason: 'Unreachable', message, cause })
  }

  static timeout(server: string, request: string, timeoutMs: number): KubeError {
    const message = `Kubernetes API at ${server} did not answer within ${timeoutMs / 1000} s (${request})`
    return new KubeError({ status: 0, reason: 'Timeout', message })
  }
}

/** Someone else changed the object first, or a precondition failed. */
export const isConflict = (error: unknown): boolean => hasStatus(error, 409) && !isAlreadyExists(error)

export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof KubeError && error.reason === 'AlreadyExists'

/** The object does not exist. An API that the server does not serve is a 404 too, but not this. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof KubeError && error.status === 404 && error.reason === 'NotFound'

/** The resource version or continue token is too old to go on from: list again. */
export const isGone = (error: unknown): boolean => hasStatus(error, 410)

/** The object breaks a rule of its schema; also a JSON patch whose `test` failed. */
export const isInvalid = (error: unknown): boolean => hasStatus(error, 422)

/** Not allowed: by the rights of who asks, a quota, or an admission policy. */
export const isForbidden = (error: unknown): boolean => hasStatus(error, 403)

/** No answer, a server error or too many requests: worth another attempt later. The request may have been carried out. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof KubeError && (error.status === 0 || error.status === 429 || error.status >= 500)

export const isStatus = (body: unknown): body is Status =>
  typeof body === 'object' && body !== null && (body as Status).kind === 'Status'

const hasStatus = (error: unknown, status: number): boolean => error instanceof KubeError && error.status === status

/** Node's connection errors may be an AggregateError with an empty message: one error per address that was tried. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return error.errors.map(describe).join('; ')
  return error instanceof Error ? error.message || error.name : String(error)
}
