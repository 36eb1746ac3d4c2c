/** What the status of a pod says, given the states of its containers. Pure. */

import { kubeTime } from '@berth/core/kube/time.ts'
import type { ContainerStatus, Pod, PodCondition } from '@berth/core/model/builtin.ts'
import { restarts } from './restart.ts'

type Status = NonNullable<Pod['status']>

export const HOST_IP = '127.0.0.1'

/** The whole status; `pod.status` is what was said before, for the times that stay. */
export function podStatus(pod: Pod, containers: ContainerStatus[], now: Date): Status {
  const phase = podPhase(pod, containers)
  const finished = phase === 'Succeeded' || phase === 'Failed'
  const unready = containers.filter((container) => !container.ready).map((container) => container.name)
  const readiness = finished
    ? { status: 'False' as const, reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' }
    : unready.length > 0
      ? {
          status: 'False' as const,
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        }
      : { status: 'True' as const }
  return {
    phase,
    hostIP: HOST_IP,
    podIP: HOST_IP,
    startTime: pod.status?.startTime ?? kubeTime(now),
    conditions: [
      condition(pod, now, { type: 'PodScheduled', status: 'True' }),
      condition(pod, now, { type: 'Initialized', status: 'True' }),
      condition(pod, now, { type: 'ContainersReady', ...readiness }),
      condition(pod, now, { type: 'Ready', ...readiness }),
    ],
    containerStatuses: containers,
  }
}

function podPhase(pod: Pod, containers: ContainerStatus[]): NonNullable<Status['phase']> {
  const policy = pod.spec.restartPolicy ?? 'Always'
  const stopping = pod.metadata.deletionTimestamp !== undefined
  const ends = containers.map((container) => container.state?.terminated)
  const over = ends.every((end) => end && (stopping || !restarts(policy, end.exitCode)))
  if (over) return ends.every((end) => end?.exitCode === 0) ? 'Succeeded' : 'Failed'
  const neverRan = containers.some(({ state, lastState }) => state?.waiting && !lastState?.terminated)
  return neverRan ? 'Pending' : 'Running'
}

function condition(pod: Pod, now: Date, next: PodCondition): PodCondition {
  const before = pod.status?.conditions?.find(({ type }) => type === next.type)
  const changed = before?.status !== next.status || before.lastTransitionTime === undefined
  return { ...next, lastTransitionTime: changed ? kubeTime(now) : before.lastTransitionTime }
}
