/** A session as its tenant sees it, and what can't be done with it as it is. Pure. */
import type { SessionRow } from './data/sessions.ts'
import type { ProblemCode } from './problems/catalogue.ts'
import { type Session, SessionState } from './schemas.ts'

interface Situation {
  state: SessionState
  reason?: string
  message?: string
  since: Date
}

const BY_ITSELF = 'Nothing to do: it goes on by itself'

/** The operator's reasons in words for the tenant, who can't see workers and tiers. */
const OBSTACLES: Record<string, string> = {
  NoCapacity: `The platform has no free worker right now. ${BY_ITSELF}`,
  QuotaExceeded: 'Your tier allows no more sessions. Stop or delete another one, or ask the platform for a higher tier',
  NameTaken: 'Another of your sessions has the same name. Delete one of the two',
  Suspended: 'Your account is suspended. Ask the platform to activate it; nothing is lost',
  Deleting: 'It is being deleted',
}
const STOPPING = {
  state: 'Stopping',
  reason: 'Stopping',
  message: 'It is being disconnected. Nothing to do: the phone stays linked',
} as const
const STOPPED = {
  state: 'Stopped',
  reason: 'Stopped',
  message: 'You stopped it: nothing is lost, and the phone stays linked. Start it with POST …/start',
} as const
const CLAIMED = {
  state: 'Connecting',
  reason: 'Claimed',
  message: `A worker has just taken it up. ${BY_ITSELF}`,
} as const

const NOT_SAID = 'Its worker does not say why. If it stays so, tell the platform'
const obstacleMessage = (obstacle: string): string =>
  OBSTACLES[obstacle] ?? 'The platform has to see to it before it can run. Ask them, and name the reason'

const isHeld = (row: SessionRow): boolean =>
  row.boot_id !== null && row.released_at === null && row.ended_at === null && row.revoked_at === null

/** What the worker wrote last; a state that this release does not know counts as Failed. */
const written = (row: SessionRow): Situation | undefined =>
  row.state === null || row.since === null
    ? undefined
    : {
        state: SessionState.safeParse(row.state).data ?? 'Failed',
        ...(row.reason && { reason: row.reason }),
        ...(row.message ? { message: row.message } : row.state !== 'Connected' && { message: NOT_SAID }),
        since: row.since,
      }

/**
 * The worker's word counts while that worker holds the session. Otherwise what a person must see to (LoggedOut, Banned)
 * stays true whoever holds it, and everything else is on its way.
 */
function situationOf(row: SessionRow): Situation {
  const held = isHeld(row)
  if (row.desired_state === 'Stopped') {
    const since = row.released_at ?? row.created_at
    return held ? { ...STOPPING, since: row.claimed_at ?? since } : { ...STOPPED, since }
  }
  const last = written(row)
  if (last && (last.state === 'LoggedOut' || last.state === 'Banned')) return last
  if (held) {
    if (last && row.state_epoch === row.owner_epoch) return last
    return { ...CLAIMED, since: row.claimed_at ?? row.created_at }
  }
  if (row.obstacle) {
    return { state: 'Pending', reason: row.obstacle, message: obstacleMessage(row.obstacle), since: row.created_at }
  }
  const left = row.revoked_at ?? row.ended_at ?? row.released_at
  if (left && last?.state !== 'Stopped')
    return { state: 'Pending', reason: 'Moving', message: `Another worker takes it over. ${BY_ITSELF}`, since: left }
  const message = `It waits for a place on a worker. ${BY_ITSELF}`
  return { state: 'Pending', reason: 'NotPlaced', message, since: row.created_at }
}

/** The answer of the API. */
export function sessionView(row: SessionRow): Session {
  const { since, ...situation } = situationOf(row)
  const linked = isLinked(row)
  return {
    id: row.id,
    name: row.name,
    ...situation,
    since: since.toISOString(),
    ...(linked && row.phone_number && { phoneNumber: row.phone_number }),
    ...(linked && row.lid && { lid: row.lid }),
    attempt: row.attempt ?? 0,
    desiredState: row.desired_state,
    createdAt: row.created_at.toISOString(),
  }
}

/** Linked to a phone, whether it is connected right now or not. */
export const isLinked = (row: Pick<SessionRow, 'state' | 'phone_number'>): boolean =>
  row.phone_number !== null && row.state !== 'LoggedOut' && row.state !== 'WaitingForScan'

type Settled = Pick<SessionRow, 'desired_state' | 'state' | 'phone_number'>

/** What keeps a session from working until somebody does something. */
const BLOCKS = ['session_stopped', 'session_logged_out', 'session_banned', 'session_failed'] as const

/** All that `linkRefusal` may answer. */
export const LINK_REFUSALS = ['session_not_linked', ...BLOCKS] as const satisfies ProblemCode[]

/** All that `qrRefusal` may answer. */
export const QR_REFUSALS = ['session_already_linked', ...BLOCKS] as const satisfies ProblemCode[]

function blockOf(row: Settled): (typeof BLOCKS)[number] | undefined {
  if (row.desired_state === 'Stopped') return 'session_stopped'
  if (row.state === 'LoggedOut') return 'session_logged_out'
  if (row.state === 'Banned') return 'session_banned'
  if (row.state === 'Failed') return 'session_failed'
  return undefined
}

/** Why the link can't be used to send or log out: it would wait for ever. A moving or reconnecting session is fine. */
export const linkRefusal = (row: Settled): (typeof LINK_REFUSALS)[number] | undefined =>
  blockOf(row) ?? (isLinked(row) ? undefined : 'session_not_linked')

/** Why there is no code to scan, now or soon. */
export const qrRefusal = (row: Settled): (typeof QR_REFUSALS)[number] | undefined =>
  blockOf(row) ?? (isLinked(row) ? 'session_already_linked' : undefined)

/** In these a link is of no use any more, though there is one. */
const USELESS = new Set<string | null>(['LoggedOut', 'Banned', 'Failed', 'UsedElsewhere'])

/** Why it can't be linked again as it is: the phone would go on listing a device that nobody uses. */
export const relinkRefusal = (row: Settled): ProblemCode | undefined =>
  isLinked(row) && !USELESS.has(row.state) ? 'session_already_linked' : undefined
