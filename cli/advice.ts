/** What to do about a session that is not connected, by the reason that it gives. Pure. */
import { PROGRAM } from './program.ts'
import { NOT_TAKEN_UP } from './records.ts'

/**
 * fine: as somebody wants it. passing: goes by itself within a minute, or the installation is at fault.
 * connecting: the same, but the fault may well be WhatsApp's or the network's. person: somebody has to do something.
 */
export type Concern = 'fine' | 'passing' | 'connecting' | 'person'

export interface Advice {
  concern: Concern
  /** A sentence; '' when there is nothing to do. NAME and TENANT stand for those of the session. */
  remedy: string
}

/** So long what should pass by itself may take. */
export const PASSING_MS = 60_000

const command = (words: string): string => `${PROGRAM} ${words}`

const OPERATOR = `See whether the operator leads and the workers are ready: ${command('doctor')}`
const NETWORK = 'Its worker tries again by itself; if it stays so, see whether the workers reach WhatsApp.'

const ADVICE: Record<string, Advice> = {
  Connected: { concern: 'fine', remedy: '' },
  Stopped: { concern: 'fine', remedy: `Start it: ${command('sessions start NAME')}` },
  Suspended: { concern: 'fine', remedy: `Let its tenant go on: ${command('tenants resume TENANT')}` },
  [NOT_TAKEN_UP]: { concern: 'passing', remedy: OPERATOR },
  Pending: { concern: 'passing', remedy: OPERATOR },
  Starting: { concern: 'passing', remedy: OPERATOR },
  OwnerLost: { concern: 'passing', remedy: OPERATOR },
  Deleting: { concern: 'passing', remedy: `See what holds it up: ${command('describe wa NAME')}` },
  NoCapacity: {
    concern: 'passing',
    remedy: `See what is full: ${command('get tiers')}; raise spec.workers.max there.`,
  },
  Connecting: { concern: 'connecting', remedy: NETWORK },
  Disconnected: { concern: 'connecting', remedy: NETWORK },
  Degraded: {
    concern: 'connecting',
    remedy: 'Its worker connects it anew by itself, and what waits is sent then; if it stays so, look at the phone.',
  },
  WaitingForScan: { concern: 'person', remedy: `Link it: ${command('sessions link NAME')}` },
  LoggedOut: { concern: 'person', remedy: `Link it again: ${command('sessions link NAME')}` },
  Banned: {
    concern: 'person',
    remedy: `Ask for a review in the WhatsApp of the phone; then ${command('sessions stop NAME')}, and start it.`,
  },
  UsedElsewhere: {
    concern: 'person',
    remedy: `Stop whatever else uses the same linked device, for example another installation with a copy of the data; or link it again: ${command('sessions link NAME --again')}`,
  },
  Failed: { concern: 'person', remedy: `Read its message, then ${command('sessions stop NAME')}, and start it.` },
  QuotaExceeded: { concern: 'person', remedy: `Stop or delete one: ${command('sessions list --tenant TENANT')}` },
  Uninstalled: { concern: 'person', remedy: 'Install Berth again, with Helm: it goes on without a new QR.' },
  TenantNotFound: { concern: 'person', remedy: `Make it: ${command('tenants create TENANT --tier TIER')}` },
  TierNotFound: { concern: 'person', remedy: `See which there are: ${command('get tiers')}` },
}

/** A reason that this release does not know is for a person to read. */
export function adviceOn(reason: string, session?: { name: string; tenant: string }): Advice {
  const { concern, remedy } = ADVICE[reason] ?? {
    concern: 'person',
    remedy: `Read what it says: ${command('explain session NAME')}`,
  }
  if (!session) return { concern, remedy }
  return { concern, remedy: remedy.replaceAll('NAME', session.name).replaceAll('TENANT', session.tenant) }
}
