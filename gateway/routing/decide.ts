/**
 * How a call reaches the worker that owns a session. The decisions; the router runs them.
 *
 *   look   ask who owns the session (a cached answer will do the first time)
 *          somebody → call it; nobody → wait
 *   call   answered → done
 *          not_mine (421), refused (not a byte was sent): the call was not carried out → wait, then look again
 *          lost (anything else): it may have been carried out → the same for calls that may be repeated, else fail
 *   wait   a little longer each time; once the deadline would pass → give up: the session is still moving
 */

/** Why a call to a worker came to nothing. */
export type Failure = 'not_mine' | 'refused' | 'lost'

export type Decision = { action: 'wait'; ms: number } | { action: 'give_up' } | { action: 'fail' }

const FIRST_PAUSE_MS = 25
const LONGEST_PAUSE_MS = 400

export interface Situation {
  /** 'nobody': no boot held the session when we looked. */
  failure: Failure | 'nobody'
  /** The call only reads, or does the same when it is done twice. */
  repeatable: boolean
  /** How many times it came to nothing so far, this time included. */
  tries: number
  now: number
  deadline: number
}

export function decide({ failure, repeatable, tries, now, deadline }: Situation): Decision {
  if (failure === 'lost' && !repeatable) return { action: 'fail' }
  const ms = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS)
  return now + ms >= deadline ? { action: 'give_up' } : { action: 'wait', ms }
}

/** Errors of a connection that was never made. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** What a network error says about the call. */
export function failureOf(error: unknown): Exclude<Failure, 'not_mine'> {
  // With several addresses for one name there is one error each; all of them must be harmless.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((each) => failureOf(each) === 'refused') ? 'refused' : 'lost'
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return NEVER_SENT.has(code) ? 'refused' : 'lost'
}
