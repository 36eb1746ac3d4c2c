/**
 * What need not be told at once. With every move counts change on four objects, and a session that moves passes through
 * several states within a second: written one by one, these would be most of what the API has to do in an update, and
 * nobody reads so fast.
 */
import { isDeepStrictEqual } from 'node:util'
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { Condition, KubeObject } from '@berth/core/model/meta.ts'
import type { SessionStatus, WhatsAppSession } from '@berth/core/model/session.ts'
import type { WorkerStatus } from '@berth/core/model/worker.ts'

/** Between two writes on the same object of nothing but counts. */
const COUNTS_MS = 2_000
/** How long a move may take before its stages are told. */
const MOVE_MS = 3_000
/** Reasons that follow one another in a move. */
const STAGES = new Set(['Pending', 'Starting', 'OwnerLost', 'Connecting'])
const COUNTS = new Set(['sessions', 'tenants', 'connectedSessions', 'load'])

interface Status {
  conditions?: Condition[]
}

export class Calm {
  /** Uid → when our last status was written; monotonic milliseconds. */
  readonly #writtenAt = new Map<string, number>()

  wrote({ metadata }: KubeObject, now: number): void {
    this.#writtenAt.set(metadata.uid ?? '', now)
  }

  /** Only counts have changed, and the last ones were written a moment ago. */
  mayWait({ metadata, status }: KubeObject & { status?: Status }, wanted: Status, now: number): boolean {
    const writtenAt = this.#writtenAt.get(metadata.uid ?? '')
    return writtenAt !== undefined && now - writtenAt < COUNTS_MS && differsInCounts(status, wanted)
  }

  /** Forgets what says nothing any more. */
  forget(now: number): void {
    for (const [uid, at] of this.#writtenAt) if (now - at >= COUNTS_MS) this.#writtenAt.delete(uid)
  }
}

/** Nothing differs but counts, and sentences that hold them. */
function differsInCounts(current: Status | undefined, wanted: Status): boolean {
  const { conditions = [], ...fields } = wanted
  const known = (current ?? {}) as Record<string, unknown>
  return (
    Object.entries(fields).every(([field, value]) => COUNTS.has(field) || isDeepStrictEqual(known[field], value)) &&
    conditions.every(({ type, status, reason }) => {
      const before = getCondition(current?.conditions, type)
      return before?.status === status && before.reason === reason
    })
  )
}

/** A session that was moved a moment ago, and is only in another stage of that. */
export function isOnItsWay({ status }: WhatsAppSession, wanted: SessionStatus, now: Date): boolean {
  const [before, after] = [getCondition(status?.conditions, 'Ready'), getCondition(wanted.conditions, 'Ready')]
  const { placement } = wanted
  return (
    STAGES.has(before?.reason ?? '') &&
    STAGES.has(after?.reason ?? '') &&
    status?.id === wanted.id &&
    placement !== undefined &&
    isDeepStrictEqual(status?.placement, placement) &&
    now.getTime() - Date.parse(placement.boundAt) < MOVE_MS
  )
}

type Load = NonNullable<WorkerStatus['load']>

/** What differs less than this from what is told of a worker's load is no news. */
const NEWS: Load = { messagesPerSecond: 5, loopLagMs: 50, memoryPercent: 5, percentOfTarget: 10 }

/** A worker's load as it is to be told: what was told before, as long as that is about right. */
export function calmLoad(told: Load | undefined, load: Load): Load {
  const figures = Object.keys(NEWS) as (keyof Load)[]
  const isNews = (figure: keyof Load) =>
    Math.abs(load[figure] - told![figure]) >= Math.max(NEWS[figure], told![figure] / 5)
  return told && !figures.some(isNews) ? told : load
}
