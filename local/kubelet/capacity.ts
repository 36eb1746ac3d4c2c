/** How many pods this machine takes: workers are processes of some 150 MB, and a real kubelet has its limit too. Pure. */
import type { Pod, PodCondition } from '@berth/core/model/builtin.ts'

/** A real kubelet's own default. */
const KUBELET_MAX_PODS = 110
const BYTES_A_POD = 512 * 1024 * 1024
/** The first worker of each tier must always find room. */
const MIN_PODS = 8

/** @param memory of the machine, in bytes */
export const maxPods = (memory: number): number =>
  Math.min(KUBELET_MAX_PODS, Math.max(MIN_PODS, Math.floor(memory / BYTES_A_POD)))

/** The condition that a scheduler gives a pod without room, in its own words. */
export function unschedulable(pod: Pod, limit: number, now: Date): PodCondition {
  const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  return {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: `0/1 nodes are available: 1 Too many pods. This machine takes ${limit}.`,
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now.toISOString().replace(/\.\d+/, ''),
  }
}
