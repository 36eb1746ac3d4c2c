/** The one condition that the operator writes on its resources: Ready, the summary. */
import { getCondition, setCondition } from '@berth/core/kube/conditions.ts'
import type { Condition, KubeObject } from '@berth/core/model/meta.ts'

const MAX_MESSAGE = 1024

export interface Readiness {
  status: Condition['status']
  reason: string
  message: string
}

export const ready = (reason: string, message: string): Readiness => ({ status: 'True', reason, message })
export const notReady = (reason: string, message: string): Readiness => ({ status: 'False', reason, message })

/** The list with our condition only: the others on the object belong to other managers. */
export function readyCondition(
  object: KubeObject & { status?: { conditions?: Condition[] } },
  { status, reason, message }: Readiness,
  now: Date,
): Condition[] {
  const before = getCondition(object.status?.conditions, 'Ready')
  const next = {
    type: 'Ready',
    status,
    reason,
    message: message.slice(0, MAX_MESSAGE),
    observedGeneration: object.metadata.generation,
  }
  return setCondition(before ? [before] : undefined, next, now)
}
