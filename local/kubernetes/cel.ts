/** `x-kubernetes-validations`: the rules of a schema, in CEL, transition rules included. */
import { Environment, Optional } from '@marcbachmann/cel-js'
import type { Cause } from './api-error.ts'
import { equal, isRecord, type Json } from './object.ts'
import { fieldSchema, type Schema, type ValidationRule, valueSchema } from './schema.ts'
import { isIntOrString, join, matchingItem } from './validation.ts'

type Program = (variables: Json) => unknown

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
})
  .registerFunction('isSorted(list): bool', (list: unknown[]) =>
    list.every((item, i) => i === 0 || !less(item, list[i - 1])),
  )
  .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text))

const programs = new Map<string, Program>()

/** Parses an expression once. Throws with the place of the mistake when it isn't CEL. */
export function compile(expression: string): Program {
  let program = programs.get(expression)
  if (!program) {
    program = environment.parse(expression)
    programs.set(expression, program)
  }
  return program
}

/** Whether a schema has rules anywhere in it. */
export function hasRules(schema: Schema): boolean {
  if (schema['x-kubernetes-validations']?.length) return true
  const free = valueSchema(schema)
  const children = [...Object.values(schema.properties ?? {}), schema.items, free]
  return children.some((child) => child !== undefined && hasRules(child))
}

/** Every rule that `value` breaks. `old` is what was stored before, undefined on create. */
export function brokenRules(value: unknown, old: unknown, schema: Schema, path = ''): Cause[] {
  const causes: Cause[] = []
  checkRules(value, old, schema, path, causes)
  return causes
}

function checkRules(value: unknown, old: unknown, schema: Schema, path: string, causes: Cause[]): void {
  if (value === undefined || value === null) return
  for (const rule of schema['x-kubernetes-validations'] ?? []) {
    const cause = checkRule(rule, value, old, schema, path)
    if (cause) causes.push(cause)
  }
  if (Array.isArray(value) && schema.items) {
    for (const [index, item] of value.entries()) {
      checkRules(item, matchingItem(item, old, schema), schema.items, `${path}[${index}]`, causes)
    }
  } else if (isRecord(value)) {
    for (const [name, child] of Object.entries(value)) {
      const childSchema = fieldSchema(schema, name)
      const childOld = isRecord(old) ? old[name] : undefined
      if (childSchema) checkRules(child, childOld, childSchema, join(path, name), causes)
    }
  }
}

function checkRule(
  rule: ValidationRule,
  value: unknown,
  old: unknown,
  schema: Schema,
  path: string,
): Cause | undefined {
  const isTransition = /\boldSelf\b/.test(rule.rule)
  if (isTransition && old === undefined && !rule.optionalOldSelf) return undefined
  // What didn't change is judged again only by rules that look at the change.
  if (!isTransition && old !== undefined && equal(value, old)) return undefined
  const variables: Json = { self: toCel(value, schema) }
  if (isTransition) {
    const oldValue = old === undefined ? undefined : toCel(old, schema)
    if (!rule.optionalOldSelf) variables.oldSelf = oldValue
    else variables.oldSelf = old === undefined ? Optional.none() : Optional.of(oldValue)
  }
  const field = (rule.fieldPath ? join(path, rule.fieldPath.replace(/^\./, '')) : path) || '<nil>'
  try {
    if (compile(rule.rule)(variables) === true) return undefined
  } catch (error) {
    const [summary] = (error as Error).message.split('\n')
    return {
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${shown(value)}rule evaluation error: ${summary}`,
      field,
    }
  }
  return brokenRule(rule, messageOf(rule, variables), value, field)
}

function messageOf(rule: ValidationRule, variables: Json): string {
  const fallback = rule.message ?? `failed rule: ${rule.rule}`
  if (!rule.messageExpression) return fallback
  try {
    const message = compile(rule.messageExpression)(variables)
    return typeof message === 'string' && message.trim() ? message.trim() : fallback
  } catch {
    return fallback
  }
}

function brokenRule(rule: ValidationRule, message: string, value: unknown, field: string): Cause {
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return { reason: rule.reason, message: `Forbidden: ${message}`, field }
    case 'FieldValueRequired':
      return { reason: rule.reason, message: `Required value: ${message}`, field }
    case 'FieldValueDuplicate':
      return { reason: rule.reason, message: `Duplicate value: ${shown(value)}${message}`, field }
    default:
      return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}${message}`, field }
  }
}

/** Scalars are named in messages, lists and records aren't. */
function shown(value: unknown): string {
  return typeof value === 'object' ? '' : `${JSON.stringify(value)}: `
}

/** A JSON value as CEL sees it: whole numbers as int, times as timestamps, field names escaped. */
function toCel(value: unknown, schema: Schema | undefined): unknown {
  if (typeof value === 'number') {
    const isInt =
      schema?.type === 'integer' || (schema && isIntOrString(schema)) || (!schema?.type && Number.isInteger(value))
    return isInt ? BigInt(value) : value
  }
  if (typeof value === 'string') {
    const isTime = schema?.format === 'date-time' || schema?.format === 'date'
    return isTime ? new Date(value) : value
  }
  if (Array.isArray(value)) return value.map((item) => toCel(item, schema?.items))
  if (!isRecord(value)) return value
  const entries = Object.entries(value).map(([name, child]) => [
    schema?.properties?.[name] ? escapeName(name) : name,
    toCel(child, fieldSchema(schema, name)),
  ])
  return Object.fromEntries(entries)
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** Field names that CEL can't spell are written `__namespace__`, `a__dash__b` and so on in rules. */
function escapeName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}

function less(a: unknown, b: unknown): boolean {
  return (a as number) < (b as number)
}
