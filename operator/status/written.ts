/** Whether a status says the same already, so that nothing is written that changes nothing. */
import { isDeepStrictEqual } from 'node:util'
import { getCondition } from '@berth/core/kube/conditions.ts'
import type { Condition } from '@berth/core/model/meta.ts'

interface Status {
  conditions?: Condition[]
}

/** Compares the fields of `wanted`, which are ours, and our conditions; undefined is the same as absent. */
export function isWritten<S extends Status>(current: S | undefined, wanted: S): boolean {
  const { conditions, ...fields } = wanted
  const known = current as Record<string, unknown> | undefined
  return (
    (conditions ?? []).every((condition) => getCondition(current?.conditions, condition.type) === condition) &&
    Object.entries(fields).every(([field, value]) => isDeepStrictEqual(known?.[field], value))
  )
}
