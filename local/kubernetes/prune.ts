/** Drops what a schema doesn't know. */
import { isRecord, type Json } from './object.ts'
import { fieldSchema, keepsUnknownFields, type Schema } from './schema.ts'

const TYPE_META = ['apiVersion', 'kind', 'metadata']

/**
 * Removes unknown fields from `value` in place and returns their paths (`spec.tenat`, `spec.list[0].x`).
 * With `keepTypeMeta` the record is an object itself, whose `apiVersion`, `kind` and `metadata` are always known.
 */
export function pruneUnknown(value: Json, schema: Schema, keepTypeMeta = true): string[] {
  const dropped: string[] = []
  pruneRecord(value, schema, '', keepTypeMeta, dropped)
  return dropped
}

function pruneRecord(value: Json, schema: Schema, path: string, isObject: boolean, dropped: string[]): void {
  for (const name of Object.keys(value)) {
    const child = fieldSchema(schema, name)
    const childPath = path ? `${path}.${name}` : name
    if (child) pruneValue(value[name], child, childPath, dropped)
    else if (isObject && TYPE_META.includes(name)) continue
    else if (!keepsUnknownFields(schema)) {
      delete value[name]
      dropped.push(childPath)
    }
  }
}

function pruneValue(value: unknown, schema: Schema, path: string, dropped: string[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      if (schema.items) pruneValue(item, schema.items, `${path}[${index}]`, dropped)
    }
  } else if (isRecord(value)) {
    pruneRecord(value, schema, path, Boolean(schema['x-kubernetes-embedded-resource']), dropped)
  }
}
