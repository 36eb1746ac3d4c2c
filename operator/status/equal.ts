/** Whether a status says the same already, so that nothing is written that changes nothing. */
import { isDeepStrictEqual } from 'node:util'

/** Compares the fields that we own; undefined is the same as absent. */
export const says = (current: object | undefined, wanted: object): boolean =>
  Object.entries(wanted).every(([field, value]) =>
    isDeepStrictEqual((current as Record<string, unknown> | undefined)?.[field] ?? undefined, value ?? undefined),
  )
