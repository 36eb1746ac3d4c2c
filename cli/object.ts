/** Objects as people read them. Pure. */
import type { KubeObject } from '@berth/core/model/meta.ts'
import { stringify } from 'yaml'

/** Without the bookkeeping of field managers, which is longer than the object itself. */
export function withoutNoise<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

/** Without a line break at the end. */
export const asYaml = (value: unknown): string => stringify(value, { lineWidth: 0 }).trimEnd()

/** As in `tenant/demo`. */
export const nameOf = ({ kind = '', metadata }: KubeObject): string => `${kind.toLowerCase()}/${metadata.name}`
