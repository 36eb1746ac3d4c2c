/**
 * Who lives: takes in each poll and the pods as they are, and says which boots are to be revoked and in what phase each
 * worker is. Keeps what has to be remembered between polls; the rules are those of core/ownership.
 */

import type { Pod } from '@berth/core/model/builtin.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { giveUpNext, isWidespread } from '@berth/core/ownership/brake.ts'
import { judgePod, observePods, type PodSight, podState } from '@berth/core/ownership/death.ts'
import { ACT_MS, isExpired, newLeaseJudge, observeLeases, stoodStillFor } from '@berth/core/ownership/lease.ts'
import type { WorkerPhase } from '@berth/core/placement/snapshot.ts'
import type { LeaseRow, Reading } from './poll.ts'

export interface Revocation {
  boot: LeaseRow
  reason: string
}

export interface PhaseSight {
  phase: WorkerPhase
  since: number
  /** Since when it is anything but Ready. */
  unreadySince?: number
}

export class Judge {
  #leases = newLeaseJudge
  #pods: ReadonlyMap<string, PodSight> = new Map()
  #phases = new Map<string, PhaseSight>()
  #boots = new Map<string, LeaseRow[]>()
  /** Silent boots that are kept, because most are silent. */
  #kept: ReadonlySet<string> = new Set()
  #gaveUpAt = Number.NEGATIVE_INFINITY

  /** Takes in a poll; answers the boots that are to be revoked. */
  observe(reading: Reading, pods: readonly Pod[], now: number): Revocation[] {
    this.#leases = observeLeases(
      this.#leases,
      { ...reading, leases: reading.leases.filter(({ open }) => open) },
      reading.sentAt,
    )
    this.#pods = observePods(this.#pods, pods, now)
    this.#boots = Map.groupBy(reading.leases, ({ podUid }) => podUid)
    this.#brake(reading.leases, pods, now)
    return reading.leases.flatMap((boot): Revocation[] => {
      const reason = boot.open && this.#verdict(boot, now)
      return reason ? [{ boot, reason }] : []
    })
  }

  /** How many boots it would have given up, were not most of them silent. */
  get kept(): number {
    return this.#kept.size
  }

  isKept(bootId: string | undefined): boolean {
    return this.#kept.has(bootId ?? '')
  }

  /** In what phase the worker is; the poll's revocations are taken as done. */
  phaseOf(worker: Worker, pod: Pod | undefined, now: number): PhaseSight {
    const phase = this.#phase(worker, pod, now)
    const known = this.#phases.get(worker.metadata.uid ?? '')
    const unreadySince = phase === 'Ready' ? undefined : (known?.unreadySince ?? now)
    const sight = known?.phase === phase ? known : { phase, since: now, unreadySince }
    this.#phases.set(worker.metadata.uid ?? '', sight)
    return sight
  }

  /** The boot that runs in the pod, as far as known. */
  livingBoot(podUid: string | undefined, now: number): LeaseRow | undefined {
    const boots = this.#boots.get(podUid ?? '') ?? []
    return boots.filter((boot) => boot.open && !this.#verdict(boot, now)).sort((a, b) => b.bootNumber - a.bootNumber)[0]
  }

  /** Forgets workers that are gone. */
  keepOnly(workers: readonly Worker[]): void {
    const uids = new Set(workers.map(({ metadata }) => metadata.uid))
    for (const uid of this.#phases.keys()) if (!uids.has(uid)) this.#phases.delete(uid)
  }

  /** Which of the silent are kept. Older boots of a pod that has a newer one are dead anyway, and so are those that are proved to be. */
  #brake(leases: readonly LeaseRow[], pods: readonly Pod[], now: number): void {
    const hosts = new Map(pods.map(({ metadata, spec }) => [metadata.uid, spec.nodeName]))
    const newest = new Map<string, LeaseRow>()
    for (const boot of leases) {
      if (boot.open && boot.bootNumber > (newest.get(boot.podUid)?.bootNumber ?? -1)) newest.set(boot.podUid, boot)
    }
    const suspects = [...newest.values()]
      .map(({ bootId, podUid }) => {
        return { bootId, podUid, host: hosts.get(podUid), silentFor: stoodStillFor(this.#leases, bootId) }
      })
      .filter(({ podUid, silentFor }) => judgePod(this.#pods.get(podUid), silentFor, now) !== 'dead')
    if (!isWidespread(suspects)) {
      this.#kept = new Set()
      return
    }
    const next = giveUpNext(suspects, this.#gaveUpAt, now)
    if (next) this.#gaveUpAt = now
    const silent = suspects.filter(({ bootId }) => isExpired(this.#leases, bootId) && bootId !== next?.bootId)
    this.#kept = new Set(silent.map(({ bootId }) => bootId))
  }

  #verdict(boot: LeaseRow, now: number): string | undefined {
    const silentFor = stoodStillFor(this.#leases, boot.bootId)
    const isKept = this.#kept.has(boot.bootId)
    if (!isKept && isExpired(this.#leases, boot.bootId)) return `silent for ${Math.round(silentFor / 1000)} s`
    const sight = this.#pods.get(boot.podUid)
    if (judgePod(sight, silentFor, now) !== 'dead') return undefined
    if (sight?.gone) return 'the pod is gone'
    return sight?.state === 'BackOff' ? 'the container crash-loops' : 'the container has ended'
  }

  #phase(worker: Worker, pod: Pod | undefined, now: number): WorkerPhase {
    const known = worker.status?.podUID
    if (!pod) return known ? 'Gone' : 'Starting'
    if ((known && known !== pod.metadata.uid) || podState(pod) === 'Finished') return 'Gone'
    if (pod.metadata.deletionTimestamp) return 'Leaving'
    const uid = pod.metadata.uid ?? ''
    const boot = this.livingBoot(uid, now)
    if (!boot) return this.#boots.has(uid) || podState(pod) === 'BackOff' ? 'Lost' : 'Starting'
    const renewing = stoodStillFor(this.#leases, boot.bootId) < ACT_MS
    return renewing && podState(pod) === 'Up' && isPodReady(pod) ? 'Ready' : 'Unsure'
  }
}

const isPodReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
