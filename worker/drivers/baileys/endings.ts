/**
 * What the end of a connection means, by its status code, as Baileys gives it: the state it leaves, the words for people, and
 * the rule by which it is tried again. docs/troubleshooting.md shows the same table, which a test compares.
 *
 * The codes of a refused login (`<failure reason=…>`) are WhatsApp's own; 408, 411, 428 and 440 are Baileys' names for what
 * happened to the connection.
 */
import type { ConnectionState } from '@berth/core/model/session.ts'
import { PassingReason } from '../driver.ts'

/**
 * - at once: the regular end of linking; from the second time in a row like `soon`
 * - soon: later each time, up to minutes
 * - slowly: from a minute, up to an hour: never fighting, never asking a refusing server again and again
 * - at its time: when WhatsApp said that it would accept the account again; it said nothing: never
 * - by the next owner: a newer Berth, or one with other settings
 * - never: until a person does something
 */
export type Retry = 'at once' | 'soon' | 'slowly' | 'at its time' | 'by the next owner' | 'never'

export interface Words {
  state: ConnectionState
  reason: string
  message: string
}

export interface Meaning extends Words {
  retry: Retry
}

const LINK_AGAIN = 'Link it again: raise spec.linking.attempt, or POST …/relink in the API, and scan the new code.'
const TRY_AGAIN = 'Then stop and start the session to try again.'

const soon = (reason: string, message: string): Meaning => ({
  state: 'Disconnected',
  reason,
  message: `${message} Trying again.`,
  retry: 'soon',
})

export const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: soon(
    'NotWhatsApp',
    "The server showed no certificate of WhatsApp's, or refused ours: see what stands between Berth and WhatsApp.",
  ),
  401: {
    state: 'LoggedOut',
    reason: 'LoggedOut',
    message: `The phone removed this linked device, or it was logged out. ${LINK_AGAIN}`,
    retry: 'never',
  },
  402: {
    state: 'Banned',
    reason: PassingReason.temporarilyBanned,
    message: `WhatsApp suspended this account for a time: open WhatsApp on the phone to see until when. ${TRY_AGAIN}`,
    retry: 'at its time',
  },
  403: {
    state: 'Banned',
    reason: 'Locked',
    message: `WhatsApp locked this account, or its phone is not registered any more: open WhatsApp on the phone and do what it asks. ${TRY_AGAIN}`,
    retry: 'never',
  },
  405: {
    state: 'Failed',
    reason: PassingReason.clientOutdated,
    message: 'WhatsApp no longer accepts this version of the client: update Berth, and the session goes on by itself.',
    retry: 'by the next owner',
  },
  406: {
    state: 'Banned',
    reason: 'Banned',
    message: `WhatsApp banned this account: open WhatsApp on the phone to ask for a review. ${TRY_AGAIN}`,
    retry: 'never',
  },
  408: soon('NoAnswer', 'WhatsApp did not answer in time.'),
  409: {
    state: 'Failed',
    reason: PassingReason.clientRefused,
    message: 'WhatsApp refuses the kind of client that Berth shows: update Berth, and the session goes on by itself.',
    retry: 'by the next owner',
  },
  411: {
    state: 'Failed',
    reason: 'MultiDeviceOff',
    message: `The WhatsApp of the phone is too old for linked devices: update it. ${TRY_AGAIN}`,
    retry: 'never',
  },
  428: soon('ConnectionClosed', 'The connection to WhatsApp was closed.'),
  440: {
    state: 'UsedElsewhere',
    reason: 'Replaced',
    message:
      'Another program connected with the keys of this linked device. Stop it, or link this session again (raise spec.linking.attempt, or POST …/relink in the API).',
    retry: 'slowly',
  },
  500: soon('ServerError', 'WhatsApp ended the connection with an error.'),
  503: soon('ServerUnavailable', 'WhatsApp is not available right now.'),
  515: { state: 'Connecting', reason: 'Restart', message: 'WhatsApp asked for a new connection.', retry: 'at once' },
}

/** undefined: closed without a code. */
export function meaningOf(code: number | undefined): Meaning {
  const known = MEANINGS[code ?? 428]
  if (known) return known
  return {
    state: 'Disconnected',
    reason: `Code${code}`,
    message: `WhatsApp ended the connection with the code ${code}, which Berth does not know. It tries again now and then.`,
    // Of its own trouble a server speaks from 500; what is below is about us.
    retry: code! >= 500 ? 'soon' : 'slowly',
  }
}

/** WhatsApp's reasons for a ban that passes. */
const BAN_CAUSES: Readonly<Record<string, string>> = {
  101: "it wrote to too many people who don't have it in their address books",
  102: 'too many people blocked it',
  103: "it made too many groups with people who don't have it in their address books",
  104: 'it sent the same message to too many people',
  106: 'it sent too many messages to a broadcast list',
}

/** Of a ban that passes at `until`; `cause` is WhatsApp's code for why. */
export function bannedUntil(until: Date, cause: string | undefined): Words {
  const why = BAN_CAUSES[cause ?? ''] ?? (cause ? `cause ${cause}` : undefined)
  const time = `${until.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const { state, reason } = MEANINGS[402]!
  return {
    state,
    reason,
    message: `WhatsApp suspended this account until ${time}${why ? ` (${why})` : ''}. Berth logs in again then, by itself.`,
  }
}
