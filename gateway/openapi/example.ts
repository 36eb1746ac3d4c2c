/** An example of a schema: its own, or one put together from the examples of its parts. Pure. */
import { resolve, type Schema } from './document.ts'

/** undefined: neither the schema nor its parts say what a value looks like. */
export function exampleOf(schema: Schema, schemas: Record<string, Schema>): unknown {
  const { $ref, examples, const: constant, enum: values, default: usual, allOf, anyOf, oneOf } = schema
  if ($ref) return exampleOf(resolve(schema, schemas), schemas)
  const given = examples?.[0] ?? constant ?? usual ?? values?.[0]
  if (given !== undefined) return given
  if (allOf) return Object.assign({}, ...allOf.map((part) => exampleOf(part, schemas)))
  const [choice] = anyOf ?? oneOf ?? []
  if (choice) return exampleOf(choice, schemas)
  if (schema.items) {
    const item = exampleOf(schema.items, schemas)
    return item === undefined ? undefined : [item]
  }
  if (schema.properties) return objectOf(schema.properties, schemas)
  return undefined
}

/** undefined when a property has no example: half an object teaches nothing. */
function objectOf(properties: Record<string, Schema>, schemas: Record<string, Schema>): object | undefined {
  const fields = Object.entries(properties).map(([name, part]) => [name, exampleOf(part, schemas)] as const)
  return fields.every(([, value]) => value !== undefined) ? Object.fromEntries(fields) : undefined
}
