/** Fills in what a schema's `default`s say. */
import { isRecord } from './object.ts'
import { fieldSchema, type Schema } from './schema.ts'

/** Changes `value` in place; an explicit null where the schema isn't nullable counts as absent, as in Kubernetes. */
export function applyDefaults(value: unknown, schema: Schema | undefined): void {
  if (!schema) return
  if (Array.isArray(value)) {
    for (const item of value) applyDefaults(item, schema.items)
    return
  }
  if (!isRecord(value)) return
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined) continue
    const isUnset = !Object.hasOwn(value, name) || (value[name] === null && !property.nullable)
    if (isUnset) value[name] = structuredClone(property.default)
  }
  for (const name of Object.keys(value)) applyDefaults(value[name], fieldSchema(schema, name))
}
