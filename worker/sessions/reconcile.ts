/**
 * Which sessions a worker should hold, and what that means for those that it holds. Pure.
 *
 * A session is ours when its placement names our pod, it should run, and it has its id (the operator mirrored it). A session
 * that is being deleted stays ours until the operator takes the placement away: it may have to be logged out.
 * Wanted and not held → claim. Held and not wanted → stop: the connection is closed, what waits is written, then it is
 * released. Held and wanted: a higher linking attempt links anew; a higher generation (moved away and back before we saw it)
 * is claimed anew.
 */
import type { WhatsAppSession } from '@berth/core/model/session.ts'

export interface WantedSession {
  sessionId: string
  /** Of the placement. */
  generation: number
  linkingAttempt: number
}

export interface HeldSession {
  sessionId: string
  generation: number
  linkingAttempt: number
}

export interface Plan {
  claim: WantedSession[]
  stop: { sessionId: string; why: 'stopped' | 'moved' }[]
  relink: WantedSession[]
}

/** What the resource wants of the worker in this pod; undefined: nothing. */
export function wantedOf({ spec, status }: WhatsAppSession, podUid: string): WantedSession | undefined {
  if (!status?.id || status.placement?.podUID !== podUid || spec.desiredState !== 'Running') return undefined
  return { sessionId: status.id, generation: status.placement.generation, linkingAttempt: spec.linking.attempt }
}

/** `stopped`: ids whose resource says that they should not run, wherever they are placed. */
export function plan(wanted: WantedSession[], held: HeldSession[], stopped: ReadonlySet<string>): Plan {
  const wantedById = new Map(wanted.map((session) => [session.sessionId, session]))
  const heldById = new Map(held.map((session) => [session.sessionId, session]))
  const stop = held.flatMap(({ sessionId, generation }): Plan['stop'] => {
    const want = wantedById.get(sessionId)
    if (want && want.generation <= generation) return []
    return [{ sessionId, why: stopped.has(sessionId) ? 'stopped' : 'moved' }]
  })
  return {
    claim: wanted.filter(({ sessionId }) => !heldById.has(sessionId)).sort(bySessionId),
    stop,
    relink: wanted.filter(({ sessionId, linkingAttempt, generation }) => {
      const holds = heldById.get(sessionId)
      return holds && generation <= holds.generation && linkingAttempt > holds.linkingAttempt
    }),
  }
}

/** The order of the locks in the database. */
const bySessionId = (a: WantedSession, b: WantedSession): number => (a.sessionId < b.sessionId ? -1 : 1)
