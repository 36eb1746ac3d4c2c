/** What Meta says, before it is known to be what it should be. */

export type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The objects of a list; anything else holds none. */
export const objectsOf = (list: unknown): Json[] => (Array.isArray(list) ? list.filter(isObject) : [])
