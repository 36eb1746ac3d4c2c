/** Whether a JSON value is what a schema of the API document says: the parts of JSON Schema that the document uses. */
import { resolve, type Schema } from '@berth/gateway/openapi/document.ts'

type Schemas = Record<string, Schema>

const FORMATS: Record<string, RegExp> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  'uri-reference': /^\S+$/,
}

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

function isOf(type: string, value: unknown): boolean {
  return type === 'integer' ? Number.isInteger(value) : typeOf(value) === type
}

/** What is not as the schema says. A field that the schema does not know is wrong, too: it should be documented. */
export function deviations(schema: Schema, value: unknown, schemas: Schemas, where = 'body'): string[] {
  const {
    type,
    enum: values,
    format,
    pattern,
    minLength,
    minimum,
    items,
    allOf,
    properties,
    required,
  } = resolve(schema, schemas)
  const found: string[] = []
  const types = [type ?? []].flat()
  if (types.length > 0 && !types.some((one) => isOf(one, value))) return [`${where} is ${typeOf(value)}, not ${types}`]
  if (values && !values.includes(value)) found.push(`${where} is ${JSON.stringify(value)}`)
  if (typeof value === 'string') {
    if (format && FORMATS[format] && !FORMATS[format].test(value)) found.push(`${where} is no ${format}: ${value}`)
    if (pattern && !new RegExp(pattern).test(value)) found.push(`${where} does not fit ${pattern}: ${value}`)
    if (value.length < (minLength ?? 0)) found.push(`${where} is too short`)
  }
  if (typeof value === 'number' && value < (minimum ?? -Infinity)) found.push(`${where} is too small: ${value}`)
  if (items)
    found.push(...(value as unknown[]).flatMap((item, i) => deviations(items, item, schemas, `${where}[${i}]`)))
  if (allOf) {
    // Each part sees the fields that it knows.
    for (const part of allOf) {
      const known = resolve(part, schemas).properties ?? {}
      const fields = Object.entries(value as object).filter(([name]) => name in known)
      found.push(...deviations(part, Object.fromEntries(fields), schemas, where))
    }
  }
  if (properties) {
    for (const name of required ?? []) if (!(name in (value as object))) found.push(`${where}.${name} is missing`)
    for (const [name, field] of Object.entries(value as object)) {
      const known = properties[name]
      found.push(
        ...(known ? deviations(known, field, schemas, `${where}.${name}`) : [`${where}.${name} is not documented`]),
      )
    }
  }
  return found
}
