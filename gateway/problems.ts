/**
 * Every error that a caller can see. The code is stable, the texts are not: programs compare `code`.
 * An answer is a problem document (RFC 9457) with the code, the remedy and the request's id besides.
 */
import { z } from 'zod'

interface Entry {
  status: number
  /** What went wrong, in general. */
  title: string
  /** What the caller can do about it. */
  remedy: string
}

export const catalogue = {
  malformed_request: {
    status: 400,
    title: 'The request could not be read',
    remedy: 'Send well-formed HTTP and, in the body, well-formed JSON.',
  },
  api_key_missing: {
    status: 401,
    title: 'No API key was sent',
    remedy: 'Send the header "Authorization: Bearer wak_live_…" with your API key.',
  },
  api_key_invalid: {
    status: 401,
    title: 'The API key is not valid',
    remedy: 'Check that the key was copied whole. A revoked key stays invalid: ask for a new one.',
  },
  tenant_suspended: {
    status: 403,
    title: 'This account is suspended',
    remedy: 'Reading still works. Ask the platform to activate the account again; nothing was lost.',
  },
  route_not_found: {
    status: 404,
    title: 'There is nothing at this address',
    remedy: 'See /docs for the addresses that exist.',
  },
  session_not_found: {
    status: 404,
    title: 'There is no such session',
    remedy: 'List your sessions with GET /v1/sessions, or create this one with PUT /v1/sessions/{name}.',
  },
  message_not_found: {
    status: 404,
    title: 'There is no such message',
    remedy: "List the session's messages with GET /v1/sessions/{name}/messages.",
  },
  command_not_found: {
    status: 404,
    title: 'There is no such command',
    remedy: 'Use the id that the answer to your command held.',
  },
  problem_not_found: {
    status: 404,
    title: 'There is no such problem code',
    remedy: 'See /problems for all codes.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This address does not know that method',
    remedy: 'Use one of the methods in the Allow header.',
  },
  not_acceptable: {
    status: 406,
    title: 'None of the accepted formats can be served',
    remedy: 'Accept image/svg+xml, image/png, text/plain or application/json.',
  },
  managed_elsewhere: {
    status: 409,
    title: 'Somebody else manages this setting',
    remedy: 'Change it where it is managed (kubectl, Helm, GitOps), or have that manager give the field up.',
  },
  quota_exceeded: {
    status: 409,
    title: 'You have as many sessions as your tier allows',
    remedy: 'Delete a session that you no longer need, or move to a higher tier.',
  },
  session_data_retained: {
    status: 409,
    title: 'A deleted session of this name still has data',
    remedy: 'Choose another name, or ask the platform to adopt the retained data into a new session.',
  },
  session_being_deleted: {
    status: 409,
    title: 'The session is being deleted',
    remedy: 'Wait until it is gone, then create it again.',
  },
  session_already_linked: {
    status: 409,
    title: 'The session is linked already',
    remedy:
      'There is nothing to scan. To link another phone, log out first: POST /v1/sessions/{name}/logout, then …/start.',
  },
  session_not_linked: {
    status: 409,
    title: 'The session is not linked to a phone yet',
    remedy: 'Scan the code of GET /v1/sessions/{name}/qr with the phone: WhatsApp, Linked devices, Link a device.',
  },
  session_stopped: {
    status: 409,
    title: 'The session is stopped',
    remedy: 'Start it with POST /v1/sessions/{name}/start.',
  },
  session_logged_out: {
    status: 409,
    title: 'The session was logged out',
    remedy: 'Link it again: POST /v1/sessions/{name}/start, then scan the code of GET /v1/sessions/{name}/qr.',
  },
  session_banned: {
    status: 409,
    title: 'WhatsApp banned this number',
    remedy: 'Ask for a review in the WhatsApp app on the phone; once the number works, stop the session and start it.',
  },
  session_failed: {
    status: 409,
    title: 'The session failed and does not go on by itself',
    remedy: 'Read its reason and message with GET /v1/sessions/{name}; then stop and start it.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request is too large',
    remedy: 'A text may hold 64 kB of UTF-8 (65536 bytes), a request 256 kB. Split the text into several messages.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is not JSON',
    remedy: 'Send the header "Content-Type: application/json" and a JSON body.',
  },
  validation_failed: {
    status: 422,
    title: 'Something in the request is not right',
    remedy: 'Correct the fields that "errors" names.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for another message',
    remedy: 'Use a new key for each message, and the same key only to repeat the very same one.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait as long as the Retry-After header says. The RateLimit headers show your limit.',
  },
  message_limit_reached: {
    status: 429,
    title: 'Your tier allows no more messages in this hour',
    remedy: 'Wait as long as the Retry-After header says, or move to a higher tier.',
  },
  too_many_streams: {
    status: 429,
    title: 'Too many open event streams',
    remedy: 'Close streams that you no longer read.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    remedy: 'Try again. If it stays, tell the platform the requestId.',
  },
  session_moving: {
    status: 503,
    title: 'The session is moving to another worker',
    remedy: 'Try again after the time in the Retry-After header.',
  },
  qr_not_ready: {
    status: 503,
    title: 'No code to scan came yet',
    remedy: 'Ask again after the time in the Retry-After header; the session is still starting.',
  },
  control_plane_unavailable: {
    status: 503,
    title: 'Changes to sessions are not possible at the moment',
    remedy: 'Try again after the time in the Retry-After header. Running sessions, messages and reads go on.',
  },
  database_unavailable: {
    status: 503,
    title: 'The database can not be reached at the moment',
    remedy: 'Try again after the time in the Retry-After header; with an Idempotency-Key nothing is sent twice.',
  },
} satisfies Record<string, Entry>

export type ProblemCode = keyof typeof catalogue

export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(catalogue, text)

/** A field of the request that is not right, and what to write instead. */
export interface FieldError {
  field: string
  message: string
}

interface Details {
  /** What went wrong in this very case. */
  detail?: string
  retryAfterSeconds?: number
  errors?: FieldError[]
  /** More headers of the answer. */
  headers?: Record<string, string>
}

/** Thrown anywhere in a request, answered as a problem document. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly details: Details

  constructor(code: ProblemCode, details: Details = {}) {
    super(details.detail ?? catalogue[code].title)
    this.name = 'Problem'
    this.code = code
    this.details = details
  }

  get status(): number {
    return catalogue[this.code].status
  }
}

export const ProblemDocument = z
  .object({
    type: z.string().describe('Where the problem is explained'),
    code: z.string().describe('Which problem it is; stable, for programs'),
    status: z.int(),
    title: z.string(),
    detail: z.string().optional().describe('What went wrong in this very case'),
    remedy: z.string().describe('What you can do about it'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('The fields that are not right'),
    requestId: z.string().describe('Tell it to the platform when you ask about this request'),
  })
  .meta({ id: 'Problem' })
export type ProblemDocument = z.infer<typeof ProblemDocument>

export const PROBLEM_TYPE = 'application/problem+json'

/** `publicUrl`: where the gateway is reached; without it `type` is relative to the request. */
export function problemDocument(problem: Problem, requestId: string, publicUrl = ''): ProblemDocument {
  const { status, title, remedy } = catalogue[problem.code]
  const { detail, errors } = problem.details
  return {
    type: `${publicUrl}/problems/${problem.code}`,
    code: problem.code,
    status,
    title,
    ...(detail && { detail }),
    remedy,
    ...(errors && { errors }),
    requestId,
  }
}

/** The responses of a route's schema for the problems that it can answer. */
export function problemResponses(...codes: ProblemCode[]) {
  const byStatus = Map.groupBy(codes, (code) => catalogue[code].status)
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((code) => `\`${code}\`: ${catalogue[code].title}`).join('\n\n'),
        content: { [PROBLEM_TYPE]: { schema: ProblemDocument } },
      },
    ]),
  )
}
