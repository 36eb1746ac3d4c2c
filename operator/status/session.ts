/** What the operator says of a session: its id, its place, and whether it works. Pure. */
import type { Placement, SessionStatus, WhatsAppSession } from '@berth/core/model/session.ts'
import type { Reason } from '@berth/core/placement/snapshot.ts'
import type { OwnerRow, StateRow } from '../poll.ts'
import { notReady, ownConditions, ready, type Saying } from './conditions.ts'

export interface SessionSight {
  id?: string
  placement?: Placement
  /** Why it has no place. */
  reason?: Reason
  owner?: OwnerRow
  /** A living boot holds the claim. */
  held: boolean
  /** The last state that a worker wrote. */
  state?: StateRow
}

export function sessionStatus(session: WhatsAppSession, sight: SessionSight, now: Date): SessionStatus {
  return {
    observedGeneration: session.metadata.generation,
    id: sight.id,
    placement: sight.placement,
    conditions: ownConditions(session, { Ready: readinessOf(sight) }, now),
  }
}

export function readinessOf({ placement, reason, owner, held, state }: SessionSight): Saying {
  if (reason) return notReady(reason.reason, reason.message)
  if (!placement) return notReady('Pending', 'It will get a place in a moment.')
  // Under an older generation too: a resource that was created anew finds its session where it left it.
  const claimed = held && owner?.podUid === placement.podUID
  // Until its keys are renewed; once it has a state of its own, that says more.
  const isSilent = !state || state.epoch !== owner?.epoch || (state.state === 'Connecting' && !state.message)
  if (owner?.distrusted && (!claimed || isSilent)) return notReady('DatabaseRestored', RESTORED)
  if (!claimed) {
    const lost = owner !== undefined && owner.epoch > 0
    return lost
      ? notReady('OwnerLost', `It moves to worker ${placement.worker}, which has not taken it up yet.`)
      : notReady('Starting', `Worker ${placement.worker} has not taken it up yet.`)
  }
  if (isSilent) {
    return notReady('Connecting', `Worker ${placement.worker} has taken it up and connects.`)
  }
  if (state.state === 'Connected') return ready('Connected', 'WhatsApp answers.')
  return notReady(state.state, state.message ?? adviceOn(state))
}

const RESTORED =
  'The database went back in time, so the session gets new keys before it logs in. No code has to be scanned; ' +
  'what was written last may be missing.'

const adviceOn = ({ state, reason }: StateRow): string => {
  const why = reason ? ` (${reason})` : ''
  if (state === 'WaitingForScan')
    return 'Ask for the code and scan it with the phone: WhatsApp, Settings, Linked devices.'
  if (state === 'LoggedOut') return `The phone has removed this device${why}. Raise spec.linking.attempt to link again.`
  if (state === 'Banned') return `WhatsApp has banned the number${why}. Appeal in the phone's WhatsApp.`
  if (state === 'UsedElsewhere') return `The same device is connected from somewhere else${why}. Stop the other one.`
  return `Its worker reports ${state}${why}.`
}
