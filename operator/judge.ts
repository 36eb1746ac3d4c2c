/**
 * Who lives: takes in each poll and the pods as they are, and says which boots are to be revoked and in what phase each
 * worker is. Keeps what has to be remembered between polls; the rules are those of core/ownership.
 */

import type { Pod } from '@berth/core/model/builtin.ts'
import type { Worker } from '@berth/core/model/worker.ts'
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

  /** Takes in a poll; answers the boots that are to be revoked. */
  observe(reading: Reading, pods: readonly Pod[], now: number): Revocation[] {
    this.#leases = observeLeases(
      this.#leases,
      { ...reading, leases: reading.leases.filter(({ open }) => open) },
      reading.sentAt,
    )
    this.#pods = observePods(this.#pods, pods, now)
    this.#boots = Map.groupBy(reading.leases, ({ podUid }) => podUid)
    return reading.leases.flatMap((boot): Revocation[] => {
      const reason = boot.open && this.#verdict(boot, now)
      return reason ? [{ boot, reason }] : []
    })
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

  #verdict(boot: LeaseRow, now: number): string | undefined {
    const silentFor = stoodStillFor(this.#leases, boot.bootId)
    if (isExpired(this.#leases, boot.bootId)) return `silent for ${Math.round(silentFor / 1000)} s`
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
