/** Refusals, as the `Status` objects that Kubernetes clients expect. */
import type { Json } from './object.ts'

export interface Cause {
  reason: string
  message: string
  field?: string
}

/** What a refusal is about: the API group and the plural or kind, as the real server words it. */
export interface Subject {
  group: string
  kind: string
  name?: string
}

export class ApiError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: Json | undefined

  constructor(code: number, reason: string, message: string, details?: Json) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }

  toStatus(): Json {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    }
  }
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message)
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized')
}

export function notFound(subject: Subject): ApiError {
  return new ApiError(404, 'NotFound', `${qualified(subject)} "${subject.name}" not found`, details(subject))
}

export function alreadyExists(subject: Subject): ApiError {
  return new ApiError(409, 'AlreadyExists', `${qualified(subject)} "${subject.name}" already exists`, details(subject))
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})
}

export function forbidden(subject: Subject, message: string): ApiError {
  const text = `${qualified(subject)} "${subject.name ?? ''}" is forbidden: ${message}`
  return new ApiError(403, 'Forbidden', text, details(subject))
}

export function conflict(subject: Subject, message: string): ApiError {
  const text = `Operation cannot be fulfilled on ${qualified(subject)} "${subject.name}": ${message}`
  return new ApiError(409, 'Conflict', text, details(subject))
}

export function modified(subject: Subject): ApiError {
  return conflict(
    subject,
    'the object has been modified; please apply your changes to the latest version and try again',
  )
}

export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message)
}

/** A version that this server hasn't reached yet: a client of another data folder, most likely. */
export function versionTooLarge(wanted: number, current: number): ApiError {
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`
  return new ApiError(504, 'Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })
}

/** 422 with one cause per wrong field; `subject.kind` is the kind here, not the plural. */
export function invalid(subject: Subject, causes: Cause[]): ApiError {
  const lines = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))]
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  const message = `${qualified(subject)} "${subject.name ?? ''}" is invalid: ${list}`
  return new ApiError(422, 'Invalid', message, { ...details(subject), causes })
}

/** `whatsappsessions.berth.dev`, or just `pods` for the core group. */
function qualified(subject: Subject): string {
  return subject.group ? `${subject.kind}.${subject.group}` : subject.kind
}

function details(subject: Subject): Json {
  return {
    ...(subject.name ? { name: subject.name } : {}),
    ...(subject.group ? { group: subject.group } : {}),
    kind: subject.kind,
  }
}
