/** JSON schemas as Kubernetes uses them: structural, with its `x-kubernetes-*` extensions. */
import { isRecord, type Json } from './object.ts'

export interface ValidationRule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: string
  fieldPath?: string
  optionalOldSelf?: boolean
}

export interface Schema {
  type?: string
  format?: string
  description?: string
  nullable?: boolean
  default?: unknown
  enum?: unknown[]
  required?: string[]
  properties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  exclusiveMaximum?: boolean
  multipleOf?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  minItems?: number
  maxItems?: number
  uniqueItems?: boolean
  minProperties?: number
  maxProperties?: number
  not?: Schema
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  $ref?: string
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: 'atomic' | 'granular'
  'x-kubernetes-patch-merge-key'?: string
  'x-kubernetes-patch-strategy'?: string
  'x-kubernetes-validations'?: ValidationRule[]
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[]
}

/** The schema of a record's field: undefined where the schema doesn't know the field. */
export function fieldSchema(schema: Schema | undefined, name: string): Schema | undefined {
  const property = schema?.properties
  if (property && Object.hasOwn(property, name)) return property[name]
  return valueSchema(schema)
}

/** The schema of the values of a free map (`additionalProperties`). */
export function valueSchema(schema: Schema | undefined): Schema | undefined {
  const free = schema?.additionalProperties
  return isRecord(free) ? (free as Schema) : undefined
}

/** Whether fields that the schema doesn't name are kept as they are. */
export function keepsUnknownFields(schema: Schema | undefined): boolean {
  if (!schema) return true
  return Boolean(schema['x-kubernetes-preserve-unknown-fields']) || schema.additionalProperties === true
}

/** Whether a record is replaced as a whole by server-side apply. */
export function isAtomicMap(schema: Schema | undefined): boolean {
  return schema?.['x-kubernetes-map-type'] === 'atomic'
}

/** The list type for server-side apply; a list that doesn't say is replaced as a whole. */
export function listType(schema: Schema | undefined): 'atomic' | 'set' | 'map' {
  return schema?.['x-kubernetes-list-type'] ?? 'atomic'
}

/**
 * Joins definitions that refer to each other into one graph of schemas (a recursive one is a cycle), so that everyone
 * who walks schemas needs to know nothing of `$ref`.
 */
export function linkSchemas(definitions: Record<string, Json>): (name: string) => Schema {
  const linked = new Map<string, Schema>()
  const byName = (name: string): Schema => {
    const known = linked.get(name)
    if (known) return known
    const definition = definitions[name]
    if (!definition) throw new Error(`no schema named ${name}`)
    const schema: Schema = {}
    linked.set(name, schema)
    return Object.assign(schema, link(definition as Schema))
  }
  const link = (source: Schema): Schema => {
    const reference = source.$ref ?? source.allOf?.[0]?.$ref
    if (reference) {
      const { $ref: _ref, allOf: _allOf, ...own } = source
      const target = byName(reference.slice(reference.lastIndexOf('/') + 1))
      // A reference with extensions of its own (list type, default) adds them to the target's.
      return Object.keys(own).some((key) => key.startsWith('x-')) ? { ...target, ...own } : target
    }
    const schema: Schema = { ...source }
    if (source.properties) {
      schema.properties = Object.fromEntries(Object.entries(source.properties).map(([name, s]) => [name, link(s)]))
    }
    if (source.items) schema.items = link(source.items)
    const free = valueSchema(source)
    if (free) schema.additionalProperties = link(free)
    // An object that names no fields (FieldsV1, a CRD's `default`) is free JSON in the built-in kinds.
    const isOpen = schema.type === undefined || schema.type === 'object'
    if (isOpen && !schema.properties && !free && !schema.oneOf) schema['x-kubernetes-preserve-unknown-fields'] = true
    return schema
  }
  return byName
}
