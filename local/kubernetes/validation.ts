/** Checks values against schemas, and says what is wrong in the words of a real kube-apiserver. */
import type { Cause } from './api-error.ts'
import { equal, isRecord, type Json } from './object.ts'
import { fieldSchema, type Schema } from './schema.ts'

const FORMATS: Record<string, (value: string) => boolean> = {
  'date-time': (value) =>
    /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
  date: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value),
  uuid: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  uri: (value) => /^([a-z][a-z0-9+.-]*:|\/)/i.test(value),
  ipv4: (value) => /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(value),
  byte: (value) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value),
  duration: (value) =>
    /^[-+]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$|^0$/.test(value),
}

/**
 * Everything in `value` that the schema refuses. With `old`, parts that didn't change aren't judged again: a schema that
 * became stricter must not lock objects that were valid when they were written.
 */
export function validate(value: unknown, schema: Schema, old?: unknown, path = ''): Cause[] {
  const causes: Cause[] = []
  check(value, old, schema, path, causes)
  return causes
}

function check(value: unknown, old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (old !== undefined && equal(value, old)) return
  if (value === null && schema.nullable) return
  if (!hasType(value, schema)) {
    causes.push(typeCause(value, schema, path))
    return
  }
  checkEnum(value, schema, path, causes)
  checkAlternatives(value, schema, path, causes)
  if (typeof value === 'string') checkString(value, schema, path, causes)
  else if (typeof value === 'number') checkNumber(value, schema, path, causes)
  else if (Array.isArray(value)) checkList(value, old, schema, path, causes)
  else if (isRecord(value)) checkRecord(value, old, schema, path, causes)
}

function hasType(value: unknown, schema: Schema): boolean {
  if (isIntOrString(schema)) return typeof value === 'string' || Number.isInteger(value)
  switch (schema.type) {
    case undefined:
    case '':
      return true
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    default:
      return typeof value === schema.type
  }
}

export function isIntOrString(schema: Schema): boolean {
  return Boolean(schema['x-kubernetes-int-or-string']) || schema.format === 'int-or-string'
}

function typeCause(value: unknown, schema: Schema, path: string): Cause {
  const wanted = isIntOrString(schema) ? 'integer,string' : schema.type
  const message = `Invalid value: ${quote(typeName(value))}: ${at(path)} must be of type ${wanted}: ${quote(typeName(value))}`
  return { reason: 'FieldValueTypeInvalid', message, field: path || '<nil>' }
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

function checkEnum(value: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (!schema.enum || schema.enum.some((member) => equal(member, value))) return
  const supported = schema.enum.map((member) => quote(typeof member === 'string' ? member : JSON.stringify(member)))
  const shown = typeof value === 'string' ? quote(value) : JSON.stringify(value)
  causes.push({
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${shown}: supported values: ${supported.join(', ')}`,
    field: path,
  })
}

function checkAlternatives(value: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (isIntOrString(schema)) return
  for (const part of schema.allOf ?? []) check(value, undefined, part, path, causes)
  const matches = (part: Schema) => validate(value, part).length === 0
  if (schema.anyOf && !schema.anyOf.some(matches)) {
    causes.push(bodyCause(path, '""', 'must validate at least one schema (anyOf)'))
  }
  if (schema.oneOf && schema.oneOf.filter(matches).length !== 1) {
    causes.push(bodyCause(path, '""', 'must validate one and only one schema (oneOf)'))
  }
  if (schema.not && matches(schema.not)) causes.push(bodyCause(path, '""', 'must not validate the schema (not)'))
}

function checkString(value: string, schema: Schema, path: string, causes: Cause[]): void {
  const length = [...value].length
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${schema.maxLength} bytes`,
      field: path,
    })
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    causes.push(bodyCause(path, quote(value), `should be at least ${schema.minLength} chars long`))
  }
  if (schema.pattern !== undefined && !compiled(schema.pattern).test(value)) {
    causes.push(bodyCause(path, quote(value), `should match '${schema.pattern}'`))
  }
  const isFormat = schema.format ? FORMATS[schema.format] : undefined
  if (isFormat && !isFormat(value)) {
    causes.push(
      bodyCause(path, quote(value), `must be of type ${schema.format}: ${quote(value)}`, 'FieldValueTypeInvalid'),
    )
  }
}

function checkNumber(value: number, schema: Schema, path: string, causes: Cause[]): void {
  const { minimum, maximum } = schema
  if (minimum !== undefined && (value < minimum || (schema.exclusiveMinimum && value === minimum))) {
    const words = schema.exclusiveMinimum ? 'greater than' : 'greater than or equal to'
    causes.push(bodyCause(path, String(value), `should be ${words} ${minimum}`))
  }
  if (maximum !== undefined && (value > maximum || (schema.exclusiveMaximum && value === maximum))) {
    const words = schema.exclusiveMaximum ? 'less than' : 'less than or equal to'
    causes.push(bodyCause(path, String(value), `should be ${words} ${maximum}`))
  }
  if (schema.multipleOf && !Number.isInteger(value / schema.multipleOf)) {
    causes.push(bodyCause(path, String(value), `should be a multiple of ${schema.multipleOf}`))
  }
  const isInt32 = schema.format === 'int32'
  if (isInt32 && (value > 2 ** 31 - 1 || value < -(2 ** 31))) {
    causes.push(
      bodyCause(path, String(value), `must be of type int32: ${quote(String(value))}`, 'FieldValueTypeInvalid'),
    )
  }
}

function checkList(value: unknown[], old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    causes.push({
      reason: 'FieldValueTooMany',
      message: `Too many: ${value.length}: must have at most ${plural(schema.maxItems, 'item')}`,
      field: path,
    })
  }
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    causes.push(bodyCause(path, String(value.length), `should have at least ${schema.minItems} items`))
  }
  for (const [index, item] of value.entries()) {
    if (schema.items) check(item, matchingItem(item, old, schema), schema.items, `${path}[${index}]`, causes)
  }
  checkUnique(value, schema, path, causes)
}

/** No value twice in a set, no key twice in a map-like list. */
function checkUnique(value: unknown[], schema: Schema, path: string, causes: Cause[]): void {
  const kind = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (kind !== 'set' && kind !== 'map') return
  const seen = new Set<string>()
  for (const [index, item] of value.entries()) {
    const key = kind === 'set' ? item : listKey(item, keys, schema.items)
    const shown = JSON.stringify(key)
    if (seen.has(shown)) {
      causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown}`, field: `${path}[${index}]` })
    }
    seen.add(shown)
  }
}

/** The key fields of an item of a map-like list; an absent one counts as its default. */
export function listKey(item: unknown, keys: readonly string[], items: Schema | undefined): Json {
  const record = isRecord(item) ? item : {}
  const entries = [...keys].sort().map((key) => [key, record[key] ?? items?.properties?.[key]?.default])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

function checkRecord(value: Json, old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) {
      causes.push({ reason: 'FieldValueRequired', message: 'Required value', field: join(path, name) })
    }
  }
  const count = Object.keys(value).length
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    causes.push({
      reason: 'FieldValueTooMany',
      message: `Too many: ${count}: must have at most ${plural(schema.maxProperties, 'item')}`,
      field: path,
    })
  }
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    causes.push(bodyCause(path, String(count), `should have at least ${schema.minProperties} properties`))
  }
  for (const [name, child] of Object.entries(value)) {
    const childSchema = fieldSchema(schema, name)
    if (childSchema) check(child, isRecord(old) ? old[name] : undefined, childSchema, join(path, name), causes)
  }
}

/** The item with the same key in the list's old value; only map-like lists have one. */
export function matchingItem(item: unknown, old: unknown, schema: Schema): unknown {
  const keys = schema['x-kubernetes-list-map-keys']
  if (!keys || !Array.isArray(old)) return undefined
  const key = listKey(item, keys, schema.items)
  return old.find((candidate) => equal(listKey(candidate, keys, schema.items), key))
}

function bodyCause(path: string, shown: string, message: string, reason = 'FieldValueInvalid'): Cause {
  return { reason, message: `Invalid value: ${shown}: ${at(path)} ${message}`, field: path || '<nil>' }
}

function at(path: string): string {
  return path ? `${path} in body` : 'in body'
}

export function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name
}

function quote(value: string): string {
  return JSON.stringify(value)
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

const patterns = new Map<string, RegExp>()

/** Go's patterns are nearly JavaScript's; `(?i)` in front is the one difference that schemas use. */
function compiled(pattern: string): RegExp {
  let regex = patterns.get(pattern)
  if (!regex) {
    const ignoresCase = pattern.startsWith('(?i)')
    regex = new RegExp(ignoresCase ? pattern.slice(4) : pattern, ignoresCase ? 'iu' : 'u')
    patterns.set(pattern, regex)
  }
  return regex
}
