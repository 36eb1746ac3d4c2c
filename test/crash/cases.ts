/**
 * The crash matrix: at which points a worker is killed, and while it does what. Each case runs twice: then the same pod
 * comes back as a new boot, or its boot is revoked and another pod takes over.
 */
import type { Point } from '@berth/core/failpoint/points.ts'
import type { Where } from './account.ts'

/** What a worker is made to do until it dies. */
export type Activity =
  /** Its first account is linked. */
  | 'link'
  /** It starts, with messages waiting both ways. */
  | 'start'
  /** Messages go both ways while it is connected. */
  | 'talk'
  /** Files go both ways while it is connected. */
  | 'files'
  /** It starts, and files wait for it both ways. */
  | 'waiting files'
  /** It is told things besides messages while it is connected. */
  | 'notices'
  /** It starts, and such things wait for it. */
  | 'waiting notices'
  /** Contacts want messages again while it is connected. */
  | 'asked again'
  /** One of its sessions is placed elsewhere. */
  | 'move'
  /** One of its sessions is placed elsewhere, and it can't ask Kubernetes. */
  | 'hand over'
  /** It starts, and its sessions are held by a worker that can't ask Kubernetes. */
  | 'take over'
  /** Its first account is logged out by a command. */
  | 'log out'
  /** Its first account is to be linked anew. */
  | 'relink'
  /** SIGTERM. */
  | 'drain'

export interface Case {
  point: Point
  activity: Activity
  /** Besides the crash: what brings the process to the point in the wanted order. */
  also?: string
  /** Where messages go until it dies: everywhere, if nothing is said. */
  where?: Where
  /** Which hit of the point kills; the first one, if nothing is said. */
  hit?: number
  /** With accounts that never spoke, so that everybody in their groups still has to be given keys. */
  fresh?: boolean
  /** Of the link: the phone must scan again afterwards, since WhatsApp never got to know the device. */
  scansAgain?: boolean
  /** In the sample that runs with every `npm test`. */
  sample?: 'in place' | 'elsewhere'
}

const during = (activity: Activity, ...points: Point[]): Case[] => points.map((point) => ({ point, activity }))
const inGroup = (cases: Case[]): Case[] => cases.map((one) => ({ ...one, where: 'group' }))

const SEND: Point[] = [
  'send.taken',
  'send.marked',
  'send.encrypted',
  'send.handed-over',
  'send.acked',
  'send.ack-stored',
  'receipt.seen',
  'receipt.stored',
  'receipt.acked',
]
const RECEIVE: Point[] = ['receive.seen', 'receive.decrypted', 'receive.journaled', 'receive.storing', 'receive.stored']
const COMMIT: Point[] = ['commit.sending', 'commit.committed']
const FILES: Point[] = ['media.fetching', 'media.kept', 'media.settled', 'media.uploaded', 'media.noted']
const NOTICES: Point[] = [
  'notice.seen',
  'notice.journaled',
  'notice.handed-over',
  'notice.done',
  'protocol.receipted',
  'protocol.done',
]
const SAMPLE: Record<string, Case['sample']> = {
  'link link.answered': 'elsewhere',
  'start claim.committed': 'in place',
  'talk in a group send.handed-over': 'elsewhere',
  'talk receipt.seen': 'in place',
  'talk receive.journaled': 'elsewhere',
  'talk commit.committed': 'in place',
  'files media.kept': 'elsewhere',
  'notices notice.handed-over': 'in place',
  'log out logout.sent': 'in place',
  'relink relink.purged': 'elsewhere',
  'drain drain.one-left': 'elsewhere',
}

const ALL: Case[] = [
  { point: 'link.code-shown', activity: 'link', scansAgain: true },
  { point: 'link.scanned', activity: 'link', scansAgain: true },
  // The one window that can't be closed: stored, but the answer that makes the device known never left.
  { point: 'link.stored', activity: 'link', scansAgain: true },
  ...during('link', 'link.answered', 'link.restarting', 'login.opened'),
  ...during('start', 'lease.opened', 'claim.asking', 'claim.committed', 'claim.loaded'),
  ...during('start', 'login.connecting', 'login.opened', 'login.caught-up', 'status.reporting', 'status.reported'),
  ...during('start', ...COMMIT, ...SEND, ...RECEIVE),
  ...during('talk', ...COMMIT, ...SEND, ...RECEIVE),
  // The message row waits for ever, so that the receipt is what came last.
  { point: 'receive.receipted', activity: 'start', also: 'receive.storing=hang' },
  { point: 'receive.receipted', activity: 'talk', also: 'receive.storing=hang' },
  ...during('files', ...FILES, 'send.encrypted', 'send.handed-over', 'receive.stored'),
  ...during('waiting files', ...FILES),
  ...during('notices', ...NOTICES),
  ...during('waiting notices', ...NOTICES),
  ...during('asked again', 'notice.seen', 'notice.journaled', 'notice.handed-over', 'notice.done'),
  ...inGroup([...during('start', ...SEND, ...RECEIVE), ...during('talk', ...SEND, ...RECEIVE)]),
  // The message is encrypted for all; some, not all, have been given the key.
  ...inGroup([{ point: 'send.encrypted', activity: 'start', hit: 3, fresh: true }]),
  ...during('start', 'lease.renewed'),
  { point: 'lease.renewed', activity: 'talk', hit: 5 },
  ...during('log out', 'logout.taken', 'logout.sent'),
  ...during('relink', 'relink.purged'),
  ...during('move', 'release.closed', 'release.written', 'release.released'),
  ...during('hand over', 'release.asked', 'release.closed', 'release.written', 'release.released'),
  ...during('take over', 'claim.asking', 'claim.waiting', 'claim.committed', 'claim.loaded', 'login.connecting'),
  ...during('drain', 'release.closed', 'release.written', 'release.released', 'drain.one-left', 'drain.all-left'),
]

/** For people. */
export const activityOf = ({ activity, where, fresh }: Case): string =>
  [activity, where && `in a ${where}`, fresh && 'for the first time'].filter(Boolean).join(' ')

export const CASES: Case[] = ALL.map((one) => {
  const sample = SAMPLE[`${activityOf(one)} ${one.point}`]
  return sample ? { ...one, sample } : one
})

/** What is only reached in a database that went back: test/restore kills there. */
export const AFTER_RESTORE: Point[] = ['database.reported', 'database.repeated', 'database.vouched', 'trust.renewed']
