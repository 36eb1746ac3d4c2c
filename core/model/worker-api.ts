/**
 * The worker's HTTP API: what the gateway asks of the worker that owns a session. Inside the installation only; every
 * call but the probes carries the installation's internal token as a bearer token.
 *
 *   GET  /sessions/{id}                     SessionView
 *   GET  /sessions/{id}/qr?after=N&wait=S   Qr, newer than number N; waits S seconds (≤ 30) for one
 *                                           204: no newer one came · 409 NotWaiting: there is nothing to scan
 *   POST /sessions/{id}/pairing-code        PairingCodeRequest → PairingCode
 *   POST /sessions/{id}/questions/{name}    questions.ts: what each takes and answers
 *   POST /sessions/{id}/acts/{name}         acts.ts: the same for acts
 *   PUT  /sessions/{id}/presence            ShownPresence → 204
 *   POST /sessions/{id}/wake                Wake → SessionView: look for open sends and commands now
 *   GET  /healthz · /readyz · /metrics
 *
 * 409 with a code of AskFailure: what was asked came to nothing, and why.
 * 421 NotMine: this boot does not own the session, or may not act for it now; ask Postgres who does. 401: no or wrong token.
 */
import { z } from 'zod'
import { ConnectionState } from './session.ts'

export const SessionView = z.object({
  state: ConnectionState,
  since: z.iso.datetime(),
  reason: z.string().optional(),
  message: z.string().optional(),
  attempt: z.int(),
  phoneNumber: z.string().optional(),
  lid: z.string().optional(),
  epoch: z.int(),
})
export type SessionView = z.infer<typeof SessionView>

export const Qr = z.object({
  /** Counts the codes of this boot and session. */
  number: z.int(),
  /** The text that a phone scans. A secret: whoever scans it owns the session. */
  qr: z.string(),
  expiresAt: z.iso.datetime(),
})
export type Qr = z.infer<typeof Qr>

export const Wake = z.object({
  /** Answer when this message (our id) has left 'queued' and 'sending'… */
  messageId: z.uuid().optional(),
  /** …or after so many seconds. */
  wait: z.number().min(0).max(30).default(0),
})
export type Wake = z.infer<typeof Wake>

export const PairingCodeRequest = z.object({
  /** Of the phone that will type the code; E.164 with +. */
  phoneNumber: z.string().regex(/^\+\d{5,20}$/),
})

export const PairingCode = z.object({
  /** As it is shown: ABCD-EFGH. A secret: whoever types it owns the session. */
  code: z.string(),
  expiresAt: z.iso.datetime(),
})
export type PairingCode = z.infer<typeof PairingCode>

/** Why something that WhatsApp was asked for came to nothing. */
export const AskFailure = z.enum([
  'not_waiting_for_scan',
  'not_connected',
  /** WhatsApp knows nobody and nothing of that name, or shows it to others only. */
  'not_found',
  'refused',
  /** WhatsApp wants us to ask less. */
  'rate_limited',
  'no_answer',
  /** Too much is being asked of the session at this moment. */
  'busy',
  /** An act began, and nobody knows how it ended. */
  'outcome_unknown',
  /** Only an admin of the group may do it. */
  'not_admin',
  /** The person is not in the group. */
  'not_a_member',
  /** The account is in the group already. */
  'already_a_member',
  /** No group has this invitation, or none any more. */
  'invite_invalid',
])
export type AskFailure = z.infer<typeof AskFailure>

export const WorkerErrorCode = z.enum([...AskFailure.options, 'not_mine', 'unauthorized', 'bad_request'])
export const WorkerError = z.object({ code: WorkerErrorCode, message: z.string(), state: ConnectionState.optional() })
export type WorkerError = z.infer<typeof WorkerError>
