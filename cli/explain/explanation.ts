/** Why a session is where it is, or nowhere. Pure. */
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import type { Placement } from '@berth/core/model/session.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import { adviceOn } from '../advice.ts'
import { byLastSeen, type EventRecord, eventRecord } from '../events.ts'
import type { Ownership } from '../ownership.ts'
import { type SessionRecord, sessionRecord, summaryOf, type WorkerRecord, workerRecord } from '../records.ts'
import { duration } from '../time.ts'
import type { Snapshot } from './snapshot.ts'

export interface Explanation extends SessionRecord {
  /** What to do; '' when there is nothing. */
  advice: string
  placement: Placement | null
  /** Why it came to its worker, as the operator said then; null: longer ago than events are kept. */
  placedBecause: string | null
  /** Where it is placed; null: nowhere, or that worker is gone. */
  placedOn: WorkerRecord | null
  /** In a sentence: which process holds it. */
  owner: string
  conditions: Condition[]
  tenantState: {
    displayName: string | undefined
    state: string
    reason: string
    message: string
    /** Where its sessions belong. */
    worker: string | undefined
  } | null
  quota: {
    tier: string
    limit: number
    /** Sessions of the tenant that should run. */
    running: number
    /** How the update of the tier's workers goes on; null: there is none. */
    update: string | null
  } | null
  /** Workers of the tier, of interest when it has no place. */
  candidates: WorkerRecord[]
  /** The last hour: of the session, and of the workers that it was on. */
  history: EventRecord[]
}

export function explain(snapshot: Snapshot, now: Date): Explanation {
  const { session, tenant, tier, sessions, workers } = snapshot
  const record = sessionRecord(session)
  const placement = session.status?.placement ?? null
  const history = historyOf(snapshot)
  const place = workers.find(({ metadata }) => metadata.name === placement?.worker)
  return {
    ...record,
    advice: adviceOn(record.reason, record).remedy,
    placement,
    placedBecause: history.findLast(({ reason }) => reason === 'Placed' || reason === 'Moved')?.message ?? null,
    placedOn: place ? workerRecord(place) : null,
    owner: ownerSentence(snapshot, now),
    conditions: session.status?.conditions ?? [],
    tenantState: tenant
      ? {
          displayName: tenant.spec.displayName,
          state: tenant.spec.state,
          reason: summaryOf(tenant).reason,
          message: summaryOf(tenant).message,
          worker: tenant.status?.worker,
        }
      : null,
    quota: tier
      ? {
          tier: tier.metadata.name,
          limit: tier.spec.limits.sessionsPerTenant,
          running: sessions.filter(({ spec }) => spec.desiredState === 'Running').length,
          update: updateOf(tier),
        }
      : null,
    candidates: workers.filter(({ spec }) => spec.tier === tenant?.spec.tier).map(workerRecord),
    history,
  }
}

function updateOf({ status }: Tier): string | null {
  const progress = getCondition(status?.conditions, 'Progressing')
  return progress && progress.reason !== 'UpToDate' ? progress.message : null
}

/** Events of the session, and those of workers that it is or was on, since it names them. */
function historyOf({ session, events }: Snapshot): EventRecord[] {
  const own = events.filter(({ involvedObject }) => involvedObject.name === session.metadata.name)
  const text = [session.status?.placement?.worker, ...own.map(({ message }) => message)].join(' ')
  const names = new Set(text.split(/[^\w.-]+/).map((word) => word.replace(/[.]$/, '')))
  const related = events.filter((event) => own.includes(event) || names.has(event.involvedObject.name ?? ''))
  return byLastSeen(related, (event) => event).map(eventRecord)
}

function ownerSentence({ session, ownership }: Snapshot, now: Date): string {
  if ('unknown' in ownership) return `Not known. ${ownership.unknown}`
  const { row } = ownership
  if (!row) return 'The database does not know the session yet: the operator has not taken it up.'
  if (!row.bootId) return 'No process has claimed it so far.'
  const boot = `boot ${row.bootId.slice(0, 8)} of worker ${row.worker ?? '(forgotten)'}`
  const ago = (time: Date) => `${duration(now.getTime() - time.getTime())} ago`
  if (row.releasedAt) return `Nobody: ${boot} gave it back ${ago(row.releasedAt)}.`
  if (row.revokedAt) {
    return `Nobody: ${boot} was given up ${ago(row.revokedAt)} (${row.revokedReason}); the next claim succeeds.`
  }
  if (row.endedAt) return `Nobody: ${boot} ended ${ago(row.endedAt)}; the next claim succeeds.`
  const claim = row.claimedAt ? `, claimed ${ago(row.claimedAt)}` : ''
  return `The ${boot}, epoch ${row.epoch}${claim}. ${leaseSentence(row)}${misplaced(row, session.status?.placement)}`
}

/** Healthy workers renew every second. */
const LATE_MS = 3000

function leaseSentence({ renewedMsAgo }: Ownership): string {
  if (renewedMsAgo === null) return 'It has no lease.'
  const seconds = (Math.max(0, renewedMsAgo) / 1000).toFixed(1)
  const late = renewedMsAgo > LATE_MS ? ', which is late: it may be dead or cut off from the database' : ''
  return `Its lease was renewed ${seconds} s ago${late}.`
}

function misplaced({ worker, wantedGeneration, generation }: Ownership, placement: Placement | undefined): string {
  if (placement?.worker === worker) return ''
  if (wantedGeneration > generation) return ` Another worker waits for it under generation ${wantedGeneration}.`
  return placement ? ` It is placed on ${placement.worker} and has to leave.` : ' It has no place and has to leave.'
}
