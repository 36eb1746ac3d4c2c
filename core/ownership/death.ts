/**
 * Whether the process behind a boot is dead, judged by what the kubelet says of its pod. Pure.
 *
 * Proof of death: the kubelet reports every container of the pod terminated and no new boot follows within two seconds,
 * or it waits before the next start (crash loop), or the pod is finished, or it is gone and was down when last
 * seen. A container that comes back at once re-claims its own sessions: it is restarting, and left alone.
 * Everything else (not ready, deleted by force, node unknown) is suspicion; then the lease decides.
 *
 * What the kubelet said may be older than the boot that is looked at. So a boot that was seen to renew lately is
 * never called dead.
 */
import type { Pod } from '../model/builtin.ts'

/** How long a terminated container may take to come back as a new boot. */
export const RESTART_MS = 2_000
/** A living boot renews every second: one that was silent for longer is not contradicting the kubelet. */
const SILENT_MS = 1_500
/** What is remembered of a pod that is gone. */
const REMEMBER_MS = 600_000
const MAX_REMEMBERED = 10_000

/** Up: at least one container may be running. BackOff: all are down and wait. Finished: they won't run again. */
export type PodState = 'Up' | 'Down' | 'BackOff' | 'Finished'

export interface PodSight {
  state: PodState
  /** Since when the pod is in this state, or gone; monotonic milliseconds. */
  since: number
  gone: boolean
}

export type Judgement = 'alive' | 'restarting' | 'dead' | 'suspect'

/** What the kubelet says of the pod's containers. */
export function podState(pod: Pod): PodState {
  const { phase, containerStatuses = [] } = pod.status ?? {}
  if (phase === 'Failed' || phase === 'Succeeded') return 'Finished'
  if (containerStatuses.length === 0) return 'Up'
  const waits = containerStatuses.map(({ state }) => state?.waiting?.reason === 'CrashLoopBackOff')
  const down = containerStatuses.map(({ state }, index) => state?.terminated !== undefined || waits[index])
  if (!down.every(Boolean)) return 'Up'
  return waits.some(Boolean) ? 'BackOff' : 'Down'
}

/** Takes in the pods as they are now; keeps in mind, for a while, in what state those were that are gone. */
export function observePods(
  before: ReadonlyMap<string, PodSight>,
  pods: readonly Pod[],
  now: number,
): ReadonlyMap<string, PodSight> {
  const after = new Map<string, PodSight>()
  for (const pod of pods) {
    const uid = pod.metadata.uid ?? ''
    const known = before.get(uid)
    const state = podState(pod)
    after.set(uid, known?.state === state && !known.gone ? known : { state, since: now, gone: false })
  }
  for (const [uid, sight] of before) {
    if (after.has(uid)) continue
    const gone = sight.gone ? sight : { ...sight, gone: true, since: now }
    if (now - gone.since < REMEMBER_MS && after.size < MAX_REMEMBERED) after.set(uid, gone)
  }
  return after
}

/** Is the boot of this pod dead? `silentFor`: how long its lease was seen to stand still, in milliseconds. */
export function judgePod(pod: PodSight | undefined, silentFor: number, now: number): Judgement {
  if (!pod) return 'suspect'
  if (pod.state === 'Up') return pod.gone ? 'suspect' : 'alive'
  if (silentFor < SILENT_MS) return 'restarting'
  const certain = pod.gone || pod.state !== 'Down' || now - pod.since >= RESTART_MS
  return certain ? 'dead' : 'restarting'
}
