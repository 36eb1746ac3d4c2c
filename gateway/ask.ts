/**
 * Asks WhatsApp, and acts there, through the worker that holds a session; what comes to nothing becomes a problem for the
 * caller.
 */
import type { ServerResponse } from 'node:http'
import { CLOUD_API } from '@berth/core/cloud-api/channel.ts'
import type { Act, ActAnswer, ActInput } from '@berth/core/model/acts.ts'
import type { AnswerOf, InputOf, Question, ShownPresence } from '@berth/core/model/questions.ts'
import type { AskFailure } from '@berth/core/model/worker-api.ts'
import type { Caller } from './auth.ts'
import type { Context } from './context.ts'
import type { SessionRow } from './data/sessions.ts'
import { requireSession } from './find.ts'
import { goneSignal } from './gone.ts'
import type { ProblemCode } from './problems/catalogue.ts'
import { Problem } from './problems/problem.ts'
import type { Owner } from './routing/owner.ts'
import { AskRefused, WorkerCallFailed } from './routing/worker-client.ts'
import { LINK_REFUSALS, linkRefusal } from './session-view.ts'

/** Which session, and for whom. */
export interface Asker {
  tenantId: string
  name: string
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal
}

export function askerOf(
  { caller, params }: { caller: Caller; params: { name: string } },
  reply: { raw: ServerResponse },
): Asker {
  return { tenantId: caller.tenantId, name: params.name, signal: goneSignal(reply) }
}

type Services = Pick<Context, 'database' | 'router' | 'workers' | 'holds' | 'lookups' | 'acts'>

const OF_GROUPS = new Set<Question>(['groups', 'group', 'invite'])

/** What tells who has WhatsApp, and how often in an hour: WhatsApp bans accounts that go through lists of numbers. */
const LOOKUPS = new Set<Question>(['contact', 'number'])
const LOOKUPS_PER_HOUR = 100
const ACTS_PER_HOUR = 100

/** The problems that a question can end in, beside those of every route. */
export const ASKING = [
  'session_not_found',
  'not_with_this_provider',
  ...LINK_REFUSALS,
  'session_busy',
  'session_moving',
  'session_not_connected',
  'whatsapp_refused',
  'whatsapp_rate_limited',
  'whatsapp_no_answer',
  'validation_failed',
] as const satisfies ProblemCode[]

/** The problems that an act can end in, beside those of every route that changes something. */
export const ACTING = [...ASKING, 'too_many_acts', 'outcome_unknown'] as const satisfies ProblemCode[]

const PROBLEMS: Record<AskFailure, { code: ProblemCode; retryAfterSeconds?: number }> = {
  not_waiting_for_scan: { code: 'session_already_linked' },
  not_connected: { code: 'session_not_connected', retryAfterSeconds: 2 },
  not_found: { code: 'contact_not_found' },
  refused: { code: 'whatsapp_refused' },
  rate_limited: { code: 'whatsapp_rate_limited', retryAfterSeconds: 60 },
  no_answer: { code: 'whatsapp_no_answer', retryAfterSeconds: 5 },
  busy: { code: 'session_busy', retryAfterSeconds: 1 },
  outcome_unknown: { code: 'outcome_unknown', retryAfterSeconds: 2 },
  not_admin: { code: 'not_group_admin' },
  not_a_member: { code: 'group_member_not_found' },
  already_a_member: { code: 'already_a_member' },
  invite_invalid: { code: 'invite_invalid' },
}

interface Manner {
  /** The problem when WhatsApp does not know what was asked for. */
  notFound?: ProblemCode
  /** Asked again of another worker when the first one is lost on the way. */
  repeatable?: boolean
}

/** As the worker that owns the session answers; a session that moves is followed. */
export async function throughOwner<T>(
  { router, holds }: Pick<Services, 'router' | 'holds'>,
  { tenantId, signal }: Asker,
  sessionId: string,
  call: (owner: Owner) => Promise<T>,
  { notFound = 'contact_not_found', repeatable = true }: Manner = {},
): Promise<T> {
  try {
    return await router.withOwner({ tenantId, sessionId }, { holdMs: holds.moveMs, repeatable, signal }, call)
  } catch (error) {
    if (error instanceof WorkerCallFailed) {
      const { code, retryAfterSeconds } = PROBLEMS.outcome_unknown
      throw new Problem(code, {
        detail: 'Its worker was lost before it answered.',
        retryAfterSeconds: retryAfterSeconds!,
      })
    }
    if (!(error instanceof AskRefused)) throw error
    const { code, retryAfterSeconds } = PROBLEMS[error.failure]
    throw new Problem(error.failure === 'not_found' ? notFound : code, {
      detail: error.message,
      ...(retryAfterSeconds && { retryAfterSeconds }),
    })
  }
}

/** Throws the Problems of ASKING, and contact_not_found, group_not_found, too_many_lookups where they fit. */
export async function ask<Q extends Question>(
  services: Services,
  asker: Asker,
  question: Q,
  input: InputOf<Q>,
): Promise<AnswerOf<Q>> {
  const { id } = await requirePhone(services, asker)
  if (LOOKUPS.has(question)) {
    const { allowed, resetSeconds } = services.lookups.take(id, LOOKUPS_PER_HOUR)
    if (!allowed) throw new Problem('too_many_lookups', { retryAfterSeconds: resetSeconds })
  }
  const call = (owner: Owner) => services.workers.ask(owner, id, question, input, asker.signal)
  return throughOwner(services, asker, id, call, {
    notFound: OF_GROUPS.has(question) ? 'group_not_found' : 'contact_not_found',
  })
}

/**
 * Throws the Problems of ACTING, and those of its kind: group_not_found, contact_not_found, not_group_admin and so on.
 * @param notFound the problem when WhatsApp does not know what it is about
 */
export async function act<A extends Act>(
  services: Services,
  asker: Asker,
  what: A,
  input: ActInput<A>,
  notFound: ProblemCode,
): Promise<ActAnswer<A>> {
  const { id } = await requirePhone(services, asker)
  const { allowed, resetSeconds } = services.acts.take(id, ACTS_PER_HOUR)
  if (!allowed) throw new Problem('too_many_acts', { retryAfterSeconds: resetSeconds })
  const call = (owner: Owner) => services.workers.act(owner, id, what, input, asker.signal)
  return throughOwner(services, asker, id, call, { notFound, repeatable: false })
}

/** Several changes of one thing. When one comes to nothing, its Problem says which were made before. */
export async function oneAfterTheOther<C extends object>(
  changes: C[],
  make: (change: C) => Promise<unknown>,
): Promise<void> {
  const made: string[] = []
  for (const change of changes) {
    try {
      await make(change)
    } catch (error) {
      if (!(error instanceof Problem) || made.length === 0) throw error
      const detail = `${error.message} Made before: ${made.join(', ')}.`
      throw new Problem(error.code, { ...error.details, detail })
    }
    made.push(...Object.keys(change))
  }
}

/** Throws the Problems of ASKING. */
export async function show(services: Services, asker: Asker, presence: ShownPresence): Promise<void> {
  const { id } = await requireLinked(services, asker)
  await throughOwner(services, asker, id, (owner) => services.workers.show(owner, id, presence, asker.signal))
}

/** A linked phone's session: the Cloud API tells nothing, and has no groups. Throws why nothing can be asked of it. */
export async function requirePhone(services: Pick<Services, 'database'>, asker: Asker): Promise<SessionRow> {
  const row = await requireLinked(services, asker)
  if (row.provider === CLOUD_API) throw new Problem('not_with_this_provider')
  return row
}

async function requireLinked({ database }: Pick<Services, 'database'>, asker: Asker): Promise<SessionRow> {
  const row = await requireSession(database, asker.tenantId, asker.name)
  const refusal = linkRefusal(row)
  if (refusal) throw new Problem(refusal, row.message ? { detail: row.message } : {})
  return row
}
