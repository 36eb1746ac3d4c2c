/**
 * Who owns which field (`metadata.managedFields`). Follows the field manager of kube-apiserver: an update takes the
 * fields it changes from their owners; an apply asks for them, and is refused without force when somebody else has them.
 */
import { ApiError, type Cause } from './api-error.ts'
import { FieldSet, fieldSetOf, showPath } from './field-set.ts'
import type { KubeObject, ManagedFieldsEntry } from './object.ts'
import type { Schema } from './schema.ts'
import { type Comparison, compare, fieldsOf, mergeApplied, removeFields, withNamedFields } from './typed-value.ts'

/** Who writes: one entry of managedFields. */
export interface Writer {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  subresource?: string
}

/** What the owners of an object need to know about its resource. */
export interface FieldRules {
  schema: Schema
  /** Status is written through its own endpoint: elsewhere it isn't the writer's. */
  ignoresStatus: boolean
  now: string
}

interface Ownership extends Writer {
  time?: string
  fields: FieldSet
}

/** Update managers beyond this many are joined into one, oldest first, as in kube-apiserver. */
const MAX_UPDATE_MANAGERS = 10

const ANCIENT = 'ancient-changes'

/** Owns what was there before anybody applied. */
const BEFORE_FIRST_APPLY = 'before-first-apply'

/** Fields that the server itself sets; nobody owns them. */
const SERVER_FIELDS = fieldSetOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['f:metadata', `f:${name}`]),
)

const STATUS = fieldSetOf(['f:status'])

/**
 * Returns `next` with managedFields that say what `writer` changed since `live`. `live` is an empty object on create.
 * A client may set managedFields itself: an empty list, or a list of one empty entry, forgets all owners.
 */
export function trackUpdate(live: KubeObject, next: KubeObject, writer: Writer, rules: FieldRules): KubeObject {
  const { schema, ignoresStatus, now } = rules
  const sent = next.metadata.managedFields
  const isReset = sent !== undefined && (sent.length === 0 || (sent.length === 1 && Object.keys(sent[0]!).length === 0))
  if (isReset) return withEntries(next, [])
  const owners = decode(sent ?? live.metadata.managedFields)
  const difference = compare(contentOf(live), contentOf(next), schema)
  takeFromOthers(owners, writer, difference)
  const key = keyOf(writer)
  const before = owners.get(key)
  const fields = (before?.fields ?? new FieldSet())
    .difference(difference.removed)
    .union(difference.modified)
    .union(difference.added)
    .difference(SERVER_FIELDS)
    .without(ignoresStatus ? STATUS : new FieldSet())
  setFields(owners, writer, fields, isEmpty(difference) ? undefined : now)
  return withEntries(next, encode(capped(owners)))
}

/**
 * Server-side apply: merges `config` into `live`, removes what this manager applied before and doesn't any more, and
 * hands the fields over. `config` holds only fields that this endpoint may change.
 *
 * @throws ApiError 409 naming the managers in the way, unless `force`.
 */
export function applyConfig(
  live: KubeObject,
  config: KubeObject,
  writer: Writer,
  rules: FieldRules & { force: boolean },
): KubeObject {
  const { schema, force, now } = rules
  const owners = decode(live.metadata.managedFields)
  if (owners.size === 0) ownExisting(owners, live, writer.apiVersion, rules)
  const last = owners.get(keyOf(writer))?.fields
  const fields = fieldsOf(contentOf(config), schema).difference(SERVER_FIELDS)
  const merged = mergeApplied(contentOf(live), contentOf(config), schema) as KubeObject
  setFields(owners, writer, fields, undefined)
  const pruned = last ? prune(merged, last, owners, schema) : merged
  const difference = compare(contentOf(live), contentOf(pruned), schema)
  const conflicts = conflictsWith(owners, writer, difference)
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)
  takeFromOthers(owners, writer, difference)
  if (!isEmpty(difference)) setFields(owners, writer, fields, now)
  return withEntries(pruned, encode(owners))
}

/** Removes what `last` set and no manager sets now; what nobody ever owned stays. */
function prune(merged: KubeObject, last: FieldSet, owners: Map<string, Ownership>, schema: Schema): KubeObject {
  const inMerged = withNamedFields(fieldsOf(merged, schema), schema)
  const stripped = removeFields(merged, last, schema)
  const inStripped = withNamedFields(fieldsOf(stripped, schema), schema)
  const owned = [...owners.values()].reduce((all, owner) => all.union(owner.fields), new FieldSet())
  const gone = inMerged.difference(inStripped.union(withNamedFields(owned, schema)))
  const lastNamed = withNamedFields(last, schema)
  return (removeFields(merged, gone.intersection(lastNamed), schema) ?? {}) as KubeObject
}

/** An object that nobody owns was written by somebody all the same: what it has isn't taken without asking. */
function ownExisting(owners: Map<string, Ownership>, live: KubeObject, apiVersion: string, rules: FieldRules): void {
  const { added } = compare(
    { apiVersion: live.apiVersion, kind: live.kind, metadata: {} },
    contentOf(live),
    rules.schema,
  )
  const writer: Writer = { manager: BEFORE_FIRST_APPLY, operation: 'Update', apiVersion }
  const fields = added.difference(SERVER_FIELDS).without(rules.ignoresStatus ? STATUS : new FieldSet())
  setFields(owners, writer, fields, rules.now)
}

interface Conflict {
  owner: Ownership
  fields: FieldSet
}

function conflictsWith(owners: Map<string, Ownership>, writer: Writer, difference: Comparison): Conflict[] {
  const changed = difference.modified.union(difference.added)
  const others = [...owners].filter(([key]) => key !== keyOf(writer)).map(([, owner]) => owner)
  return others
    .map((owner) => ({ owner, fields: owner.fields.intersection(changed) }))
    .filter((conflict) => !conflict.fields.isEmpty)
}

function takeFromOthers(owners: Map<string, Ownership>, writer: Writer, difference: Comparison): void {
  const lost = difference.modified.union(difference.added).union(difference.removed)
  for (const [key, owner] of owners) {
    if (key === keyOf(writer)) continue
    const kept = owner.fields.difference(lost)
    if (kept.isEmpty) owners.delete(key)
    else owners.set(key, { ...owner, fields: kept })
  }
}

function conflictError(conflicts: Conflict[]): ApiError {
  const byName = conflicts.toSorted((a, b) => a.owner.manager.localeCompare(b.owner.manager))
  const causes: Cause[] = byName.flatMap(({ owner, fields }) =>
    [...fields.paths()].map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${showOwner(owner)}`,
      field: showPath(path),
    })),
  )
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`
  return new ApiError(409, 'Conflict', `Apply failed with ${count}: ${conflictText(causes)}`, { causes })
}

function conflictText(causes: Cause[]): string {
  if (causes.length === 1) return `${causes[0]!.message}: ${causes[0]!.field}`
  const byOwner = Map.groupBy(causes, (cause) => cause.message)
  return [...byOwner]
    .map(([message, fields]) => {
      const list = fields.map((cause) => `\n- ${cause.field}`).join('')
      return `${message.replace('conflict with', 'conflicts with')}:${list}`
    })
    .join('\n')
}

function showOwner(owner: Ownership): string {
  const name = JSON.stringify(owner.manager)
  const subresource = owner.subresource ? ` with subresource ${JSON.stringify(owner.subresource)}` : ''
  const version = owner.operation === 'Update' ? ` using ${owner.apiVersion}` : ''
  return `${name}${subresource}${version}`
}

/** `time` is undefined when nothing changed: the entry keeps the time it has. */
function setFields(owners: Map<string, Ownership>, writer: Writer, fields: FieldSet, time: string | undefined): void {
  const key = keyOf(writer)
  const known = time ?? owners.get(key)?.time
  if (fields.isEmpty) owners.delete(key)
  else owners.set(key, { ...writer, ...(known ? { time: known } : {}), fields })
}

function isEmpty(difference: Comparison): boolean {
  return difference.added.isEmpty && difference.modified.isEmpty && difference.removed.isEmpty
}

/** The same manager applying through another version is the same owner; updating through one is another. */
function keyOf(writer: Writer): string {
  const version = writer.operation === 'Apply' ? '' : writer.apiVersion
  return JSON.stringify([writer.manager, writer.operation, version, writer.subresource ?? ''])
}

function decode(entries: ManagedFieldsEntry[] | undefined): Map<string, Ownership> {
  const owners = new Map<string, Ownership>()
  for (const { fieldsV1, fieldsType: _type, ...entry } of entries ?? []) {
    owners.set(keyOf(entry), { ...entry, fields: FieldSet.fromFieldsV1(fieldsV1) })
  }
  return owners
}

function encode(owners: Map<string, Ownership>): ManagedFieldsEntry[] {
  const entries = [...owners.values()].map(({ fields, ...writer }) => ({
    ...writer,
    fieldsType: 'FieldsV1',
    fieldsV1: fields.toFieldsV1(),
  }))
  const order = (entry: ManagedFieldsEntry) =>
    [entry.operation, entry.time ?? '', entry.manager, entry.apiVersion, entry.subresource ?? ''].join('\n')
  return entries.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

function capped(owners: Map<string, Ownership>): Map<string, Ownership> {
  const updaters = [...owners].filter(([, owner]) => owner.operation === 'Update')
  if (updaters.length <= MAX_UPDATE_MANAGERS) return owners
  updaters.sort(([, a], [, b]) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1))
  const result = new Map(owners)
  for (const [key, owner] of updaters.slice(0, updaters.length - MAX_UPDATE_MANAGERS + 1)) {
    result.delete(key)
    const { subresource: _subresource, ...ancient } = { ...owner, manager: ANCIENT }
    const known = result.get(keyOf(ancient))
    result.set(keyOf(ancient), known ? { ...known, fields: known.fields.union(owner.fields) } : ancient)
  }
  return result
}

/** The object as owners see it: without managedFields. */
function contentOf(object: KubeObject): KubeObject {
  if (!object.metadata?.managedFields) return object
  const { managedFields: _managedFields, ...metadata } = object.metadata
  return { ...object, metadata }
}

function withEntries(object: KubeObject, entries: ManagedFieldsEntry[]): KubeObject {
  const { metadata } = contentOf(object)
  return { ...object, metadata: entries.length > 0 ? { ...metadata, managedFields: entries } : metadata }
}
