/** Why a pod does not run, or has stopped, in the words of who knows it: the scheduler, or the kubelet of its node. Pure. */
import type { ContainerStatus, Pod } from '@berth/core/model/builtin.ts'

export interface Trouble {
  /** Kubernetes' own word: Unschedulable, ImagePullBackOff, CrashLoopBackOff, OOMKilled, Evicted, … */
  reason: string
  /** Ends without a full stop. */
  message: string
}

/** What is written while a container is only on its way. */
const ON_ITS_WAY = new Set(['ContainerCreating', 'PodInitializing'])
/** They take turns, and mean the same. */
const SAME: Record<string, string> = { ErrImagePull: 'ImagePullBackOff' }

/**
 * Undefined: it runs, or is on its way without any trouble that is known. `refused`: why the API does not let it be made.
 */
export function troubleOf(pod: Pod | undefined, refused?: string): Trouble | undefined {
  if (!pod && refused) return { reason: 'PodRefused', message: sentence(refused, 'the API refuses it') }
  const { phase, reason, message, conditions = [], containerStatuses = [] } = pod?.status ?? {}
  if (phase === 'Failed' && reason) return { reason, message: sentence(message, `the pod has failed`) }
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (unscheduled && !pod?.spec.nodeName) {
    return {
      reason: unscheduled.reason ?? 'Unschedulable',
      message: sentence(unscheduled.message, 'no node takes the pod'),
    }
  }
  return containerStatuses.map(containerTrouble).find((trouble) => trouble !== undefined)
}

/** The same for the end of a sentence; '' where there is none. */
export function troubleIn(pod: Pod | undefined): string {
  const trouble = troubleOf(pod)
  return trouble ? ` (${trouble.reason}: ${trouble.message})` : ''
}

function containerTrouble({ state, lastState }: ContainerStatus): Trouble | undefined {
  const { waiting, terminated } = state ?? {}
  if (terminated) return endOf(terminated)
  if (!waiting?.reason || ON_ITS_WAY.has(waiting.reason)) return undefined
  const reason = SAME[waiting.reason] ?? waiting.reason
  const ended = lastState?.terminated && endOf(lastState.terminated).message
  return { reason, message: [sentence(waiting.message, 'its container waits'), ended].filter(Boolean).join('; ') }
}

function endOf({
  reason = 'Error',
  exitCode,
}: NonNullable<ContainerStatus['lastState']>['terminated'] & object): Trouble {
  const why = reason === 'OOMKilled' ? 'its container needed more memory than its limit' : 'its container has ended'
  return { reason, message: `${why} (${reason}, exit code ${exitCode})` }
}

const sentence = (text: string | undefined, otherwise: string): string => (text || otherwise).trim().replace(/[.]$/, '')
