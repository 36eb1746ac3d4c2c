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

interface Ownership extends Writer {
  time?: string
  fields: FieldSet
}

/** Update managers beyond this many are joined into one, oldest first, as in kube-apiserver. */
const MAX_UPDATE_MANAGERS = 10

const ANCIENT = 'ancient-changes'

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

/**
 * Returns `next` with managedFields that say what `writer` changed since `live`. `live` is an empty object on create.
 * A client may set managedFields itself: an empty list, or a list of one empty entry, forgets all owners.
 */
export function trackUpdate(
  live: KubeObject,
  next: KubeObject,
  writer: Writer,
  schema: Schema,
  now: string,
): KubeObject {
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
  setFields(owners, writer, fields, now)
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
  options: { schema: Schema; force: boolean; now: string },
): KubeObject {
  const { schema, force, now } = options
  const owners = decode(live.metadata.managedFields)
  const key = keyOf(writer)
  const last = owners.get(key)?.fields
  const fields = fieldsOf(contentOf(config), schema).difference(SERVER_FIELDS)
  const merged = mergeApplied(contentOf(live), contentOf(config), schema) as KubeObject
  setFields(owners, writer, fields, now)
  const pruned = last ? prune(merged, last, owners, schema) : merged
  const difference = compare(contentOf(live), contentOf(pruned), schema)
  const conflicts = conflictsWith(owners, writer, difference)
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)
  takeFromOthers(owners, writer, difference)
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
    owner.fields = owner.fields.difference(lost)
    if (owner.fields.isEmpty) owners.delete(key)
  }
}

function conflictError(conflicts: Conflict[]): ApiError {
  const causes: Cause[] = conflicts.flatMap(({ owner, fields }) =>
    [...fields.paths()].map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${showOwner(owner)}`,
      field: showPath(path),
    })),
  )
  causes.sort((a, b) => a.message.localeCompare(b.message) || a.field!.localeCompare(b.field!))
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
  const time = owner.operation === 'Update' && owner.time ? ` at ${owner.time}` : ''
  return `${name}${subresource}${version}${time}`
}

function setFields(owners: Map<string, Ownership>, writer: Writer, fields: FieldSet, now: string): void {
  const key = keyOf(writer)
  const before = owners.get(key)
  if (fields.isEmpty) {
    owners.delete(key)
    return
  }
  const time = before?.fields.equals(fields) ? before.time : now
  owners.set(key, { ...writer, ...(time ? { time } : {}), fields })
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
