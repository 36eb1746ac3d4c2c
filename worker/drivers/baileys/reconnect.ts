/**
 * What to do when a connection has ended: by its status code, as Baileys gives it. Pure.
 *
 * 515 is the regular end of linking: connect again at once. Lost and refused connections and server errors: again, later
 * each time. 440 means that the same device is connected elsewhere: never fight it; ask whose the session is, and if it is
 * ours, come back slowly. A removed link, a ban and a refused version need a person: stop.
 * A device that WhatsApp does not know although it was never logged in: we died between storing the link and answering it.
 * It is forgotten, and a new code comes.
 * A session that is not linked yet gets new codes while somebody looks; else no connection is held for it.
 */
import { backoffMs } from '@berth/core/kube/backoff.ts'
import type { ConnectionState } from '@berth/core/model/session.ts'
import { PassingReason } from '../driver.ts'

export interface Ending {
  /** Undefined: closed without a reason. */
  code: number | undefined
  linked: boolean
  /** The device was logged in before. */
  hasLoggedIn: boolean
  /** Connections in a row that did not last, this one included. */
  failures: number
  /** Codes were offered, and nobody scanned one. */
  wasUnscanned: boolean
  /** Somebody looks at the code, or asked for one lately. */
  isCodeWanted: boolean
}

export interface Words {
  state: ConnectionState
  reason: string
  message: string
}

export type Decision =
  /** `checkOwner`: only if the session is still ours. `forget`: as a device that is not linked. */
  | ({ next: 'connect'; waitMs: number; checkOwner?: boolean; forget?: boolean } & Words)
  /** Until somebody asks for a code. */
  | ({ next: 'rest' } & Words)
  | ({ next: 'stop' } & Words)

/** Of a session that is not linked, while nobody looks. */
export const RESTING: Words = {
  state: 'WaitingForScan',
  reason: 'NobodyLooks',
  message: 'No phone is linked yet, and nobody looks at the code: ask for it, and scan it with the phone.',
}

const BACKOFF = { baseMs: 1000, maxMs: 60_000 }
const ELSEWHERE_BACKOFF = { baseMs: 60_000, maxMs: 15 * 60_000 }

const LINK_AGAIN = 'Link it again: raise spec.linking.attempt, or POST …/relink in the API, and scan the new code.'
const TRY_AGAIN = 'Then stop and start the session to try again.'

const STOPS: Record<number, Words> = {
  401: {
    state: 'LoggedOut',
    reason: 'LoggedOut',
    message: `The phone removed this linked device, or it was logged out. ${LINK_AGAIN}`,
  },
  402: {
    state: 'Banned',
    reason: 'TemporarilyBanned',
    message: `WhatsApp suspended this account for a time: open WhatsApp on the phone to see until when. ${TRY_AGAIN}`,
  },
  403: {
    state: 'Banned',
    reason: 'Banned',
    message: `WhatsApp banned this account: open WhatsApp on the phone to ask for a review. ${TRY_AGAIN}`,
  },
  405: {
    state: 'Failed',
    reason: PassingReason.clientOutdated,
    message: 'WhatsApp no longer accepts this version of the client: update Berth, and the session goes on by itself.',
  },
  406: {
    state: 'LoggedOut',
    reason: 'LoggedOut',
    message: `WhatsApp logged this device out. ${LINK_AGAIN}`,
  },
  411: {
    state: 'Failed',
    reason: 'MultiDeviceOff',
    message: `The WhatsApp of the phone is too old for linked devices: update it. ${TRY_AGAIN}`,
  },
}

const RETRIES: Record<number, { reason: string; message: string }> = {
  400: {
    reason: 'NotWhatsApp',
    message:
      "The server showed no certificate of WhatsApp's: see what stands between Berth and WhatsApp. Trying again.",
  },
  408: { reason: 'NoAnswer', message: 'WhatsApp did not answer in time. Trying again.' },
  428: { reason: 'ConnectionClosed', message: 'The connection to WhatsApp was closed. Trying again.' },
  500: { reason: 'ServerError', message: 'WhatsApp ended the connection with an error. Trying again.' },
  503: { reason: 'ServerUnavailable', message: 'WhatsApp is not available right now. Trying again.' },
}

/** `random`: at least 0, below 1. */
export function decide(ending: Ending, random: () => number): Decision {
  const { code = 0, linked, hasLoggedIn, failures, wasUnscanned, isCodeWanted } = ending
  if (code === 515) {
    const words = { state: 'Connecting', reason: 'Restart', message: 'WhatsApp asked for a new connection.' } as const
    return { next: 'connect', waitMs: 0, ...words }
  }
  if (code === 401 && linked && !hasLoggedIn) {
    const message = 'The link was interrupted before WhatsApp knew of it: a new code comes.'
    return { next: 'connect', waitMs: 0, forget: true, state: 'Connecting', reason: 'LinkInterrupted', message }
  }
  const stop = STOPS[code]
  if (stop) return { next: 'stop', ...stop }
  if (code === 440) {
    return {
      next: 'connect',
      waitMs: backoffMs(failures, ELSEWHERE_BACKOFF, random),
      checkOwner: true,
      state: 'UsedElsewhere',
      reason: 'Replaced',
      message:
        'Another program connected with the keys of this linked device. Stop it, or link this session again (raise spec.linking.attempt, or POST …/relink in the API).',
    }
  }
  if (!linked && !isCodeWanted) return { next: 'rest', ...RESTING }
  if (!linked && wasUnscanned && code === 408) {
    const words = { state: 'WaitingForScan', reason: 'NewCode', message: 'The codes ran out, new ones come.' } as const
    return { next: 'connect', waitMs: backoffMs(1, BACKOFF, random), ...words }
  }
  const why = RETRIES[code] ?? {
    reason: code ? `Code${code}` : 'ConnectionClosed',
    message: `The connection to WhatsApp ended${code ? ` with code ${code}` : ''}. Trying again.`,
  }
  return { next: 'connect', waitMs: backoffMs(failures, BACKOFF, random), state: 'Disconnected', ...why }
}
