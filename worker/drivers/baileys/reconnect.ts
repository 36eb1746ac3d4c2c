/**
 * What to do when a connection has ended: endings.ts says what its code means, this says when to connect again. Pure.
 *
 * A connection that did not last is a failure, and each failure in a row waits longer. Silence (nobody there, no answer, closed
 * before the login) is no word of WhatsApp's: it waits half a minute at most, and less when another session of the worker gets
 * through. What WhatsApp says or does to a session that was logged in waits up to minutes. A device that is used elsewhere is
 * remembered for an hour, however long the connections in between were: two programs that take it from each other every few
 * minutes would be a fight too.
 * A device that WhatsApp does not know although it was never logged in: we died between storing the link and answering it.
 * It is forgotten, and a new code comes.
 * A session that is not linked yet gets new codes while somebody looks; else no connection is held for it.
 */
import { type Backoff, backoffMs } from '@berth/core/kube/backoff.ts'
import { bannedUntil, meaningOf, type Retry, type Words } from './endings.ts'

/** What went wrong before. */
export interface History {
  /** Connections in a row that did not last. */
  failures: number
  /** Of them in a row: ended by WhatsApp's wish for a new connection. */
  restarts: number
  /** How often the device was used elsewhere. */
  conflicts: number
}

export const NO_HISTORY: History = { failures: 0, restarts: 0, conflicts: 0 }

/** A connection that held for so long was a success. */
const STABLE_MS = 60_000
const PEACE_MS = 3_600_000

/** Adds a connection that has ended: its code, and how long it was logged in. */
export function addEnding(
  { failures, restarts, conflicts }: History,
  code: number | undefined,
  openMs: number,
): History {
  const before = openMs >= STABLE_MS ? { failures: 0, restarts: 0 } : { failures, restarts }
  const remembered = openMs >= PEACE_MS ? 0 : conflicts
  return {
    failures: before.failures + 1,
    restarts: code === 515 ? before.restarts + 1 : 0,
    conflicts: code === 440 ? remembered + 1 : remembered,
  }
}

export interface Ending {
  /** Undefined: closed without a reason. */
  code: number | undefined
  /** What WhatsApp said of a ban: seconds until it passes, and why. */
  ban?: { seconds?: number; cause?: string }
  linked: boolean
  /** The device was logged in before. */
  hasLoggedIn: boolean
  /** This ending included. */
  history: History
  /** The login had succeeded. */
  wasOpen: boolean
  /** Codes were offered, and nobody scanned one. */
  wasUnscanned: boolean
  /** Somebody looks at the code, or asked for one lately. */
  isCodeWanted: boolean
}

export type Decision =
  /**
   * `checkOwner`: only if the session is still ours. `forget`: as a device that is not linked. `unreached`: WhatsApp was silent,
   * so a sign of it ends the wait.
   */
  | ({ next: 'connect'; waitMs: number; checkOwner?: boolean; forget?: boolean; unreached?: boolean } & Words)
  /** `until`: in milliseconds since 1970; the next owner waits for it too. */
  | ({ next: 'connect at'; until: number } & Words)
  /** Until somebody asks for a code. */
  | ({ next: 'rest' } & Words)
  | ({ next: 'stop' } & Words)

/** Of a session that is not linked, while nobody looks. */
export const RESTING: Words = {
  state: 'WaitingForScan',
  reason: 'NobodyLooks',
  message: 'No phone is linked yet, and nobody looks at the code: ask for it, and scan it with the phone.',
}

const SOON = { baseMs: 1000, maxMs: 180_000 }
/** Nobody was asked too often by it: the pace of logins bounds what the installation does (docs/adr/0023). */
const UNREACHED = { baseMs: 1000, maxMs: 30_000 }
/** Baileys' codes for silence; undefined: closed without a word. */
const SILENCE: readonly (number | undefined)[] = [408, 428, undefined]
const SLOWLY = { baseMs: 60_000, maxMs: 3_600_000 }
/** Of what WhatsApp says of a ban's length, at most. */
const BAN_MAX_S = 365 * 86_400

/**
 * The wait after so many failures in a row (from 1): any share, by chance, of what doubles each time, so that thousands of
 * sessions that failed together come back spread over all of it.
 */
function soonMs(failures: number, { baseMs, maxMs }: Backoff, random: () => number): number {
  const full = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30))
  return baseMs / 2 + (full - baseMs / 2) * random()
}

/** The wait of a session whose device was used elsewhere so often; an owner that takes it over does not try at once either. */
export const conflictMs = (conflicts: number, random: () => number): number => backoffMs(conflicts, SLOWLY, random)

/** `random`: at least 0, below 1. `now`: milliseconds since 1970. */
export function decide(ending: Ending, random: () => number, now: number): Decision {
  const { code, ban, linked, hasLoggedIn, history, wasOpen, wasUnscanned, isCodeWanted } = ending
  const { retry, ...words } = meaningOf(code)
  if (code === 401 && linked && !hasLoggedIn) {
    const message = 'The link was interrupted before WhatsApp knew of it: a new code comes.'
    return { next: 'connect', waitMs: 0, forget: true, state: 'Connecting', reason: 'LinkInterrupted', message }
  }
  if (retry === 'at its time' && ban?.seconds) {
    const until = now + Math.min(ban.seconds, BAN_MAX_S) * 1000
    return { next: 'connect at', until, ...bannedUntil(new Date(until), ban.cause) }
  }
  if (isFinal(retry)) return { next: 'stop', ...words }
  if (code === 440)
    return { next: 'connect', waitMs: conflictMs(history.conflicts, random), checkOwner: true, ...words }
  if (retry === 'at once' && history.restarts <= 1) return { next: 'connect', waitMs: 0, ...words }
  if (!linked && !isCodeWanted) return { next: 'rest', ...RESTING }
  if (!linked && wasUnscanned && code === 408) {
    const words = { state: 'WaitingForScan', reason: 'NewCode', message: 'The codes ran out, new ones come.' } as const
    return { next: 'connect', waitMs: soonMs(1, SOON, random), ...words }
  }
  const { failures } = history
  if (!wasOpen && SILENCE.includes(code))
    return { next: 'connect', waitMs: soonMs(failures, UNREACHED, random), unreached: true, ...words }
  const waitMs = retry === 'slowly' ? backoffMs(failures, SLOWLY, random) : soonMs(failures, SOON, random)
  return { next: 'connect', waitMs, ...words }
}

const isFinal = (retry: Retry): boolean => !['at once', 'soon', 'slowly'].includes(retry)
