/** What the states of a session mean to who waits for it to be linked. Pure. */
import type { Session } from '@berth/client'
import { PROGRAM } from './program.ts'

/** A line to say, or why it can't go on without somebody; neither: nothing new for a person. */
export interface LinkingWord {
  say?: string
  stuck?: string
}

const SILENT = new Set(['CodeReady', 'PairingCodeReady', 'NobodyLooks'])

/** @param name of the resource, for commands to copy */
export function wordOn(
  { state, reason, message }: Pick<Session, 'state' | 'reason' | 'message'>,
  name: string,
): LinkingWord {
  const why = message ?? reason ?? state
  switch (state) {
    case 'Connected':
    case 'Degraded':
      return {}
    case 'WaitingForScan':
      // The code itself says it, and this is who looks; a word is needed only when codes ran out.
      return reason === undefined || SILENT.has(reason) ? {} : { say: why }
    case 'Connecting':
      // WhatsApp asks for a new connection right after a scan, so soon that the scan itself may not be seen.
      if (reason === 'CodeWanted') return {}
      return { say: reason === 'Scanned' || reason === 'Restart' ? 'Scanned. Connecting …' : `Connecting … (${why})` }
    case 'Stopped':
    case 'Stopping':
      return { stuck: `${name} is stopped. Start it first: ${PROGRAM} sessions start ${name}` }
    case 'Banned':
    case 'Failed':
      return { stuck: `${name} is ${state}: ${why}` }
    case 'LoggedOut':
      return { stuck: `${name} was logged out: ${why} Try again: ${PROGRAM} sessions link ${name}` }
    default:
      return { say: `${state}: ${why}` }
  }
}

/** Linked to a phone, whether it is connected at this moment or not. */
export const isLinked = ({ state, phoneNumber }: Pick<Session, 'state' | 'phoneNumber'>): boolean =>
  phoneNumber !== undefined && state !== 'LoggedOut' && state !== 'WaitingForScan'

/** The link can be undone in good order. */
export const isUsable = ({ state }: Pick<Session, 'state'>): boolean =>
  !['LoggedOut', 'Banned', 'Failed', 'UsedElsewhere'].includes(state)
