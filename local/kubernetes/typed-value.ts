/**
 * Values read through their schema: which fields they set, how two of them differ, how one is merged into the other.
 * Follows sigs.k8s.io/structured-merge-diff, package typed.
 */
import { FieldSet, showPath } from './field-set.ts'
import { equal, isRecord, type Json } from './object.ts'
import { fieldSchema, isAtomicMap, listType, type Schema } from './schema.ts'
import { listKey } from './validation.ts'

/** The fields that a value sets: its leaves, list items, and entries of free maps. */
export function fieldsOf(value: unknown, schema: Schema | undefined): FieldSet {
  const set = new FieldSet()
  collect(value, schema, [], set)
  return set
}

function collect(value: unknown, schema: Schema | undefined, path: string[], set: FieldSet): void {
  if (Array.isArray(value) && isGranularList(schema)) {
    for (const item of value) {
      const itemPath = [...path, itemElement(item, schema!)]
      collect(item, schema!.items, itemPath, set)
      set.insert(itemPath)
    }
  } else if (isRecord(value) && !isAtomicMap(schema)) {
    for (const [name, child] of Object.entries(value)) {
      const childPath = [...path, `f:${name}`]
      collect(child, fieldSchema(schema, name), childPath, set)
      const isEmpty = child === null || (isRecord(child) && Object.keys(child).length === 0)
      if (isEmpty || !schema?.properties?.[name]) set.insert(childPath)
    }
  } else {
    set.insert(path)
  }
}

export interface Comparison {
  added: FieldSet
  modified: FieldSet
  removed: FieldSet
}

/** What is in `after` and not in `before`, what differs, and what is gone. */
export function compare(before: unknown, after: unknown, schema: Schema | undefined): Comparison {
  const result = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() }
  compareAt(before, after, schema, [], result)
  return result
}

function compareAt(before: unknown, after: unknown, schema: Schema | undefined, path: string[], out: Comparison): void {
  if (before !== undefined && after !== undefined && equal(before, after)) return
  const isLeaf = !descend(before, after, schema, path, out)
  if (before === undefined) out.added.insert(path)
  else if (after === undefined) out.removed.insert(path)
  else if (isLeaf) out.modified.insert(path)
}

/** Compares the parts of two values; false when they are leaves, or empty on both sides. */
function descend(
  before: unknown,
  after: unknown,
  schema: Schema | undefined,
  path: string[],
  out: Comparison,
): boolean {
  const isList = isGranularList(schema) && isListOrNothing(before) && isListOrNothing(after)
  if (isList) {
    const left = itemsByElement(before as unknown[] | undefined, schema!)
    const right = itemsByElement(after as unknown[] | undefined, schema!)
    if (left.size === 0 && right.size === 0) return false
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      compareAt(left.get(element), right.get(element), schema!.items, [...path, element], out)
    }
    return true
  }
  const isMap = !isAtomicMap(schema) && isMapOrNothing(before) && isMapOrNothing(after)
  if (!isMap) return false
  const left = (before ?? {}) as Json
  const right = (after ?? {}) as Json
  const names = new Set([...Object.keys(left), ...Object.keys(right)])
  if (names.size === 0) return false
  for (const name of names) {
    compareAt(left[name], right[name], fieldSchema(schema, name), [...path, `f:${name}`], out)
  }
  return true
}

/** Puts an applied value into the live one: maps and map-like lists are joined, everything else is replaced. */
export function mergeApplied(live: unknown, applied: unknown, schema: Schema | undefined): unknown {
  if (Array.isArray(applied) && isGranularList(schema)) {
    if (!Array.isArray(live)) return applied
    return mergeItems(live, applied, schema!)
  }
  if (isRecord(applied) && isRecord(live) && !isAtomicMap(schema)) {
    const merged: Json = { ...live }
    for (const [name, value] of Object.entries(applied)) {
      merged[name] = mergeApplied(live[name], value, fieldSchema(schema, name))
    }
    return merged
  }
  return applied
}

/**
 * Joins two lists of keyed items. Items that only one side has stay where they are among its others, the live ones
 * first; where the two sides order common items differently, the applied order counts.
 */
function mergeItems(live: unknown[], applied: unknown[], schema: Schema): unknown[] {
  const liveItems = itemsByElement(live, schema)
  const appliedItems = itemsByElement(applied, schema)
  const merged = new Map<string, unknown>()
  const take = (element: string) => {
    const isShared = liveItems.has(element) && appliedItems.has(element)
    const item = isShared
      ? mergeApplied(liveItems.get(element), appliedItems.get(element), schema.items)
      : (appliedItems.get(element) ?? liveItems.get(element))
    merged.set(element, item)
  }
  const left = [...liveItems.keys()]
  for (const element of appliedItems.keys()) {
    // Up to the next common item, what only the live list has comes first.
    while (left.length > 0 && !appliedItems.has(left[0]!)) take(left.shift()!)
    take(element)
    while (left.length > 0 && merged.has(left[0]!)) left.shift()
  }
  for (const element of left) if (!merged.has(element)) take(element)
  return [...merged.values()]
}

/** The value without the members of a set; what becomes empty by it goes too. */
export function removeFields(value: unknown, set: FieldSet, schema: Schema | undefined): unknown {
  if (Array.isArray(value) && isGranularList(schema)) {
    const kept: unknown[] = []
    for (const item of value) {
      const child = set.children.get(itemElement(item, schema!))
      if (child?.isMember) continue
      kept.push(child ? removeFields(item, child, schema!.items) : item)
    }
    return kept.length > 0 || value.length === 0 ? kept : undefined
  }
  if (!isRecord(value) || isAtomicMap(schema)) return value
  const names = Object.keys(value)
  const kept: Json = {}
  for (const name of names) {
    const child = set.children.get(`f:${name}`)
    if (child?.isMember) continue
    const rest = child ? removeFields(value[name], child, fieldSchema(schema, name)) : value[name]
    if (rest !== undefined) kept[name] = rest
  }
  return Object.keys(kept).length > 0 || names.length === 0 ? kept : undefined
}

/**
 * The set with every schema field on the way to a member as a member itself, so that a record isn't taken for gone
 * because only its parts are listed.
 */
export function withNamedFields(set: FieldSet, schema: Schema | undefined): FieldSet {
  const result = new FieldSet()
  result.isMember = set.isMember
  for (const [element, child] of set.children) {
    const name = element.startsWith('f:') ? element.slice(2) : undefined
    const isNamed = name !== undefined && schema?.properties !== undefined && Object.hasOwn(schema.properties, name)
    const childSchema = name === undefined ? schema?.items : fieldSchema(schema, name)
    const named = withNamedFields(child, childSchema)
    if (isNamed && !child.isEmpty) named.isMember = true
    result.children.set(element, named)
  }
  return result
}

/** Why a value's keyed lists can't be merged, in the words of kube-apiserver: an item without key, or two with one. */
export function listProblem(value: unknown, schema: Schema | undefined, path = ''): string | undefined {
  if (Array.isArray(value)) {
    const problem = isGranularList(schema) ? keyProblem(value, schema!, path) : undefined
    if (problem) return problem
    return firstProblem(value.map((item, index) => listProblem(item, schema?.items, `${path}[${index}]`)))
  }
  if (!isRecord(value)) return undefined
  return firstProblem(
    Object.entries(value).map(([name, child]) => listProblem(child, fieldSchema(schema, name), `${path}.${name}`)),
  )
}

function keyProblem(list: unknown[], schema: Schema, path: string): string | undefined {
  const seen = new Set<string>()
  for (const [index, item] of list.entries()) {
    const element = itemElement(item, schema)
    if (element === 'k:{}') {
      const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((key) => JSON.stringify(key)).join(' ')
      return `${path}: element ${index}: associative list with keys has an element that omits all key fields [${keys}] (and doesn't have default values for any key fields)`
    }
    if (seen.has(element)) return `${path}: duplicate entries for key ${showPath([element])}`
    seen.add(element)
  }
  return undefined
}

function firstProblem(problems: (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined)
}

function isGranularList(schema: Schema | undefined): boolean {
  return listType(schema) !== 'atomic'
}

/** How `managedFields` names an item of a set or of a map-like list. */
function itemElement(item: unknown, schema: Schema): string {
  if (listType(schema) === 'set') return `v:${JSON.stringify(item)}`
  return `k:${JSON.stringify(listKey(item, schema['x-kubernetes-list-map-keys'] ?? [], schema.items))}`
}

function itemsByElement(list: unknown[] | undefined, schema: Schema): Map<string, unknown> {
  return new Map((list ?? []).map((item) => [itemElement(item, schema), item]))
}

function isListOrNothing(value: unknown): boolean {
  return value === undefined || Array.isArray(value)
}

function isMapOrNothing(value: unknown): boolean {
  return value === undefined || isRecord(value)
}
