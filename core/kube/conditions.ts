/** Conditions of a resource's status, by the Kubernetes API conventions. */
import type { Condition } from '../model/meta.ts'
import { kubeTime } from './time.ts'

export const getCondition = (conditions: readonly Condition[] | undefined, type: string): Condition | undefined =>
  conditions?.find((condition) => condition.type === type)

export const isTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  getCondition(conditions, type)?.status === 'True'

/**
 * The list with this condition in it. `lastTransitionTime` changes only with the status. A list that says the same
 * already is returned as it is, so `===` tells whether there is anything to write.
 */
export function setCondition(
  conditions: Condition[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  now: Date,
): Condition[] {
  const before = getCondition(conditions, next.type)
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : kubeTime(now)
  const after: Condition = { ...next, lastTransitionTime }
  if (!conditions || !before) return [...(conditions ?? []), after]
  if (says(before, after)) return conditions
  return conditions.map((condition) => (condition === before ? after : condition))
}

const says = (a: Condition, b: Condition): boolean =>
  a.status === b.status &&
  a.reason === b.reason &&
  a.message === b.message &&
  a.observedGeneration === b.observedGeneration
