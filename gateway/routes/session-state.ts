/** Start a session, stop it, link it again. */
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { App, Context } from '../context.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { Session, SessionParams } from '../schemas.ts'
import { changeSession } from '../session-changes.ts'
import { relinkRefusal } from '../session-view.ts'
import type { Wish } from '../wish.ts'
import { ON_CHANGES, tags } from './common.ts'

/** One attempt for one request, however often it is asked for; another request at the same time will do as well. */
function linkAnew(): (current: WhatsAppSession) => Wish {
  let attempt: number | undefined
  return ({ spec }) => {
    const present = spec.linking?.attempt ?? 0
    attempt ??= present + 1
    return { desiredState: 'Running', attempt: Math.max(attempt, present) }
  }
}

export function sessionStateRoutes(app: App, context: Context): void {
  const problems = [
    'session_not_found',
    'managed_elsewhere',
    'session_being_deleted',
    'control_plane_unavailable',
    'validation_failed',
    ...ON_CHANGES,
  ] as const
  const answer = Session.describe('The session with the change')
  const schema = {
    tags: tags.sessions,
    params: SessionParams,
    response: { 200: answer, ...problemResponses(...problems) },
  }

  app.post(
    '/sessions/:name/start',
    {
      schema: {
        ...schema,
        operationId: 'startSession',
        summary: 'Start a session',
        description: 'One that was logged out is linked anew: scan the code of …/qr.',
      },
    },
    ({ caller, params }) => {
      const anew = linkAnew()
      return changeSession(
        context,
        caller,
        params.name,
        (current, row) => (row.state === 'LoggedOut' ? anew(current) : { desiredState: 'Running' }),
        // The worker begins anew, so that a request for the code that follows finds no "logged out".
        (row) => row.state !== 'LoggedOut',
      )
    },
  )

  app.post(
    '/sessions/:name/stop',
    {
      schema: {
        ...schema,
        operationId: 'stopSession',
        summary: 'Stop a session',
        description: 'The phone stays linked and nothing is lost; WhatsApp keeps what arrives until the next start.',
      },
    },
    ({ caller, params }) => changeSession(context, caller, params.name, () => ({ desiredState: 'Stopped' })),
  )

  app.post(
    '/sessions/:name/relink',
    {
      schema: {
        ...schema,
        tags: tags.linking,
        response: { 200: answer, ...problemResponses(...problems, 'session_already_linked') },
        operationId: 'relinkSession',
        summary: 'Link a session again',
        description:
          'For one whose link is of no use any more: logged out, banned, failed, or used elsewhere. The old link is forgotten, the messages stay; then scan the code of …/qr, or type the one of …/pairing-code. A link that works is logged out first: POST …/logout.',
      },
    },
    ({ caller, params }) => {
      const anew = linkAnew()
      return changeSession(
        context,
        caller,
        params.name,
        (current, row) => {
          const refusal = relinkRefusal(row)
          if (refusal) throw new Problem(refusal)
          return anew(current)
        },
        (row) => row.phone_number === null && row.state !== 'LoggedOut',
      )
    },
  )
}
