/** The conditions that the operator writes on its resources: Ready, the summary, on each; Progressing on tiers. */
import { getCondition, setCondition } from '@berth/core/kube/conditions.ts'
import type { Condition, KubeObject } from '@berth/core/model/meta.ts'

const MAX_MESSAGE = 1024

/** What a condition says. */
export interface Saying {
  status: Condition['status']
  reason: string
  message: string
}

export const ready = (reason: string, message: string): Saying => ({ status: 'True', reason, message })
export const notReady = (reason: string, message: string): Saying => ({ status: 'False', reason, message })

/** The list with our conditions only, by type: the others on the object belong to other managers. */
export function ownConditions(
  object: KubeObject & { status?: { conditions?: Condition[] } },
  sayings: Record<string, Saying>,
  now: Date,
): Condition[] {
  return Object.entries(sayings).flatMap(([type, { status, reason, message }]) => {
    const before = getCondition(object.status?.conditions, type)
    const observedGeneration = object.metadata.generation
    const next = { type, status, reason, message: message.slice(0, MAX_MESSAGE), observedGeneration }
    return setCondition(before ? [before] : undefined, next, now)
  })
}
