/** The fields that people can write, as the CRDs have them, and values just inside and just outside of what they allow. */
import { crdOf } from '@berth/core/model/crd.ts'
import { definitions } from '@berth/core/model/crds.ts'
import type { Kind } from '@berth/core/model/kind.ts'

export interface Schema {
  type?: string
  enum?: unknown[]
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  default?: unknown
  required?: string[]
  properties?: Record<string, Schema>
}

export interface Field {
  /** Under spec, with dots. */
  path: string
  schema: Schema
  /** It can't be left out where its parent is there. */
  isRequired: boolean
}

/** All fields of a kind's spec, parents before their children. */
export function fieldsOf({ kind }: Kind): Field[] {
  const definition = definitions.find((one) => one.kind.kind === kind)!
  const crd = crdOf(definition) as {
    spec: { versions: [{ schema: { openAPIV3Schema: { properties: { spec: Schema } } } }] }
  }
  return childrenOf(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec, '')
}

function childrenOf({ properties = {}, required = [] }: Schema, prefix: string): Field[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = prefix + name
    return [{ path, schema, isRequired: required.includes(name) }, ...childrenOf(schema, `${path}.`)]
  })
}

export const isLeaf = ({ schema }: Field): boolean => schema.properties === undefined

/** What its type, its bounds and its alternatives forbid; derived, so that no bound is left untried. */
export function outside({ type, enum: alternatives, minimum, maximum, minLength, maxLength }: Schema): unknown[] {
  if (type === 'integer') {
    return [
      'many',
      1.5,
      ...(minimum === undefined ? [] : [minimum - 1]),
      ...(maximum === undefined ? [] : [maximum + 1]),
    ]
  }
  if (type === 'object') return ['text', 7]
  const lengths = [...(minLength ? [''] : []), ...(maxLength ? ['x'.repeat(maxLength + 1)] : [])]
  return [7, ...(alternatives ? ['Nonsense'] : lengths)]
}

/** What its bounds and its alternatives allow to the very end. */
export function inside({ type, enum: alternatives, minimum, maximum }: Schema): unknown[] {
  if (alternatives) return alternatives
  if (type !== 'integer') return []
  return [minimum, maximum].filter((bound) => bound !== undefined)
}
