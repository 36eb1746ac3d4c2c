/** Follows the linking of a session: its codes and its state, whichever worker holds it meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Qr } from '@berth/core/model/worker-api.ts'
import type { Context } from './context.ts'
import type { SessionRow } from './data/sessions.ts'
import { requireSession } from './find.ts'
import { Problem } from './problems/problem.ts'
import type { Target } from './routing/owner.ts'
import type { Session } from './schemas.ts'
import { qrRefusal, sessionView } from './session-view.ts'

/** A worker is asked to wait this long for a code; a change of state is seen after it at the latest. */
const POLL_SECONDS = 2
const PAUSE_MS = 500
const QR_RETRY_AFTER_SECONDS = 2

/** Which code was seen last: they are numbered per boot. */
interface Position {
  bootId: string
  number: number
}

interface PollOptions {
  after?: Position
  /** Whole seconds. */
  waitSeconds: number
  holdMs: number
  signal: AbortSignal
}

type Poll = { qr: Qr; position: Position } | undefined

type Services = Pick<Context, 'database' | 'router' | 'workers' | 'knownSessions'>

/** A code newer than the last one, if the owner has or gets one within the wait. */
async function pollQr({ router, workers }: Services, target: Target, options: PollOptions): Promise<Poll> {
  const { after, waitSeconds, holdMs, signal } = options
  return router.withOwner(target, { holdMs, repeatable: true, signal }, async (owner) => {
    const number = after?.bootId === owner.bootId ? after.number : 0
    const answer = await workers.qr(owner, target.sessionId, { after: number, wait: waitSeconds, signal })
    if (answer.kind !== 'qr') return undefined
    return { qr: answer.qr, position: { bootId: owner.bootId, number: answer.qr.number } }
  })
}

function unlessMoving(error: unknown): undefined {
  if (!(error instanceof Problem && error.code === 'session_moving')) throw error
}

/**
 * The code to scan now; waits up to `holdMs` for the first one. Throws Problem session_already_linked, session_stopped
 * and the like when none will come, qr_not_ready when none came in time.
 */
export async function currentQr(
  services: Services,
  { tenantId, name }: { tenantId: string; name: string },
  holdMs: number,
  signal: AbortSignal,
): Promise<Qr> {
  const deadline = performance.now() + holdMs
  const known = services.knownSessions.find(tenantId, name)
  const offered = known && (await offeredNow(services, known, signal))
  if (offered) return offered
  for (;;) {
    const row = await requireSession(services.database, tenantId, name)
    const target = targetOf(tenantId, row)
    services.knownSessions.remember(target, name)
    const refusal = qrRefusal(row)
    if (refusal) throw new Problem(refusal, row.message ? { detail: row.message } : {})
    const left = deadline - performance.now()
    if (left <= 0) throw new Problem('qr_not_ready', { retryAfterSeconds: QR_RETRY_AFTER_SECONDS })
    const asked = performance.now()
    const found = await pollQr(services, target, {
      waitSeconds: Math.min(POLL_SECONDS, Math.floor(left / 1000)),
      holdMs: left,
      signal,
    })
    if (found) return found.qr
    await pauseSince(asked, Math.min(PAUSE_MS, left), signal)
  }
}

/** The code that the owner has at this moment; undefined: it has none, or is not where it was. */
async function offeredNow(services: Services, target: Target, signal: AbortSignal): Promise<Qr | undefined> {
  const found = await pollQr(services, target, { waitSeconds: 0, holdMs: 0, signal }).catch(unlessMoving)
  return found?.qr
}

export type LinkingEvent =
  | { event: 'qr'; data: Qr }
  | { event: 'state'; data: Session }
  | { event: 'connected'; data: Session }

/** Every change of state and every code, until the session is connected, deleted, or the signal ends it. */
export async function* followLinking(
  services: Services,
  { tenantId, name }: { tenantId: string; name: string },
  signal: AbortSignal,
): AsyncGenerator<LinkingEvent> {
  let shown: Session | undefined
  let after: Position | undefined
  for (;;) {
    const row = await requireSession(services.database, tenantId, name)
    const session = sessionView(row)
    if (session.state !== shown?.state || session.reason !== shown.reason) yield { event: 'state', data: session }
    shown = session
    if (session.state === 'Connected' || session.state === 'Degraded') {
      yield { event: 'connected', data: session }
      return
    }
    const asked = performance.now()
    if (!qrRefusal(row)) {
      const poll = { ...(after && { after }), waitSeconds: POLL_SECONDS, holdMs: POLL_SECONDS * 1000, signal }
      const found = await pollQr(services, targetOf(tenantId, row), poll).catch(unlessMoving)
      if (found) {
        after = found.position
        yield { event: 'qr', data: found.qr }
        continue
      }
    }
    await pauseSince(asked, PAUSE_MS, signal)
  }
}

const targetOf = (tenantId: string, row: SessionRow): Target => ({ tenantId, sessionId: row.id })

/** A poll that came back at once must not be repeated at once; one that waited already needs no pause. */
async function pauseSince(start: number, ms: number, signal: AbortSignal): Promise<void> {
  const left = start + ms - performance.now()
  if (left > 0) await sleep(left, undefined, { signal })
}
