/** Create and update: what happens to an object on its way into the store. */
import { randomBytes, randomUUID } from 'node:crypto'
import { alreadyExists, badRequest, type Cause, conflict, forbidden, invalid, modified, notFound } from './api-error.ts'
import { objectMetaSchema } from './builtin/schemas.ts'
import { NAMESPACES } from './builtins.ts'
import { brokenRules, hasRules } from './cel.ts'
import { applyDefaults } from './defaults.ts'
import { type FieldRules, trackUpdate, type Writer } from './managed-fields.ts'
import { invalidValue, metadataCauses } from './names.ts'
import { dropNulls, equal, isRecord, type Json, type KubeObject, timestamp } from './object.ts'
import { pruneUnknown } from './prune.ts'
import type { Target, WriteOptions } from './request.ts'
import { apiVersionOf, type Resource, storageKey } from './resource.ts'
import type { Store } from './store.ts'
import { validate } from './validation.ts'

/** Random enough for generated names, from the letters that Kubernetes uses (no vowels, so no words). */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** What a rule relies on; rules aren't asked about an object with such mistakes. */
const BLOCKS_RULES = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]

const RULES_NOT_CHECKED: Cause = {
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  field: '<nil>',
}

/** Fields of metadata that only the server sets. */
const SERVER_METADATA = ['uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const

/** Checks that a body is an object of the resource, and drops (or refuses) the fields that the schema doesn't know. */
export function decodeObject(body: Json, target: Target, options: WriteOptions, warnings: string[]): KubeObject {
  const { resource } = target
  const wanted = apiVersionOf(resource)
  if (resource.isCustom && (!body.kind || !body.apiVersion)) {
    const missing = body.kind ? 'apiVersion' : 'Kind'
    throw badRequest(
      `the object provided is unrecognized (must be of type ${resource.kind}): Object '${missing}' is missing`,
    )
  }
  if (body.apiVersion !== undefined && body.apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${body.apiVersion}) does not match the expected API version (${wanted})`,
    )
  }
  if (body.kind !== undefined && body.kind !== resource.kind) {
    const name = isRecord(body.metadata) ? String(body.metadata.name ?? '') : ''
    throw invalid({ group: resource.group, kind: String(body.kind), name }, [
      invalidValue('kind', body.kind, `must be ${resource.kind}`),
    ])
  }
  const object = { ...structuredClone(body), apiVersion: wanted, kind: resource.kind } as KubeObject
  if (!isRecord(object.metadata)) object.metadata = { name: '' }
  // To Go, and so to every client, null is the same as absent; only custom fields may be nullable.
  dropNulls(resource.isCustom ? object.metadata : object)
  checkMetadataTypes(object, resource)
  pruneObject(object, resource, options, warnings)
  return object
}

/** Everything after this relies on metadata having its types. */
function checkMetadataTypes(object: KubeObject, resource: Resource): void {
  const [cause] = validate(object.metadata, objectMetaSchema, undefined, 'metadata')
  if (!cause) return
  const { kind, version } = resource
  const problem = `${cause.field}: ${cause.message}`
  throw badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${problem}`)
}

/** Drops unknown fields; tells or refuses, as the caller asked. Changes the object. */
function pruneObject(object: KubeObject, resource: Resource, options: WriteOptions, warnings: string[]): void {
  const unknown = pruneUnknown(object, resource.schema).map((path) => `unknown field ${JSON.stringify(path)}`)
  if (unknown.length === 0 || options.fieldValidation === 'Ignore') return
  if (options.fieldValidation === 'Warn') {
    warnings.push(...unknown)
    return
  }
  const { kind, version } = resource
  throw badRequest(
    `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${unknown.join(', ')}`,
  )
}

/** Makes a new object. `track` is undefined for an apply, which has set managedFields itself. */
export function createObject(
  store: Store,
  target: Target,
  object: KubeObject,
  options: WriteOptions,
  track: Writer | undefined,
): KubeObject {
  const { resource, namespace } = target
  const { metadata } = object
  if (target.name && metadata.name && metadata.name !== target.name) throw nameMismatch(metadata.name, target.name)
  metadata.name = metadata.name || target.name || generatedName(metadata.generateName)
  placeInNamespace(object, resource, namespace)
  const subject = { group: resource.group, kind: resource.plural, name: metadata.name }
  const now = timestamp()
  for (const field of SERVER_METADATA) delete metadata[field]
  delete metadata.resourceVersion
  if (resource.hasStatus) delete object.status
  metadata.uid = randomUUID()
  metadata.creationTimestamp = now
  if (hasGeneration(resource)) metadata.generation = 1
  if (resource.isCustom) applyDefaults(object, resource.schema)
  resource.complete?.(object, undefined)
  checkObject(object, undefined, resource)
  if (store.get(storageKey(resource), namespace, metadata.name)) throw alreadyExists(subject)
  checkNamespace(store, resource, namespace, metadata.name)
  const empty = emptyObject(resource)
  const tracked = track ? trackUpdate(empty, object, track, fieldRules(target, now)) : object
  return options.dryRun ? tracked : store.put(storageKey(resource), tracked)
}

/**
 * Replaces a stored object, or the part of it that a subresource is for. Nothing is written when nothing changes.
 * `track` is undefined for an apply, which has set managedFields itself.
 */
export function updateObject(
  store: Store,
  target: Target,
  live: KubeObject,
  next: KubeObject,
  options: WriteOptions,
  track: Writer | undefined,
  isReplacement = false,
): KubeObject {
  const { resource } = target
  checkIdentity(live, next, target)
  if (isReplacement && resource.requiresVersion && !next.metadata.resourceVersion) throw versionMissing(live, resource)
  const prepared = preparedUpdate(live, next, target)
  if (resource.isCustom) applyDefaults(prepared, resource.schema)
  checkFinalizers(live, prepared, resource)
  resource.complete?.(prepared, live)
  const completed = track ? trackUpdate(live, prepared, track, fieldRules(target, timestamp())) : prepared
  if (equal(withoutTimes(completed), withoutTimes(live))) return live
  if (hasGeneration(resource) && !equal(desiredState(live), desiredState(completed))) {
    completed.metadata.generation = (live.metadata.generation ?? 0) + 1
  }
  checkObject(completed, live, resource)
  if (options.dryRun) return completed
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = completed.metadata
  const isGone = deletionTimestamp && !finalizers?.length && !deletionGracePeriodSeconds
  if (isGone) return store.remove(storageKey(resource), completed)
  return store.put(storageKey(resource), completed)
}

/** The new object with what this endpoint may not change as it was. */
function preparedUpdate(live: KubeObject, next: KubeObject, target: Target): KubeObject {
  const { resource, subresource } = target
  if (subresource === 'status') {
    const managedFields = next.metadata.managedFields
    const metadata = { ...live.metadata, ...(managedFields ? { managedFields } : {}) }
    const { status: _status, ...rest } = structuredClone(live)
    return {
      ...rest,
      ...(next.status === undefined ? {} : { status: structuredClone(next.status) }),
      metadata,
    } as KubeObject
  }
  const prepared = structuredClone(next)
  prepared.metadata.name = live.metadata.name
  if (live.metadata.namespace) prepared.metadata.namespace = live.metadata.namespace
  for (const field of [...SERVER_METADATA, 'generation', 'resourceVersion'] as const) {
    delete prepared.metadata[field]
    if (live.metadata[field] !== undefined) Object.assign(prepared.metadata, { [field]: live.metadata[field] })
  }
  if (resource.hasStatus) {
    delete prepared.status
    if (live.status !== undefined) prepared.status = structuredClone(live.status)
  }
  return prepared
}

/** An update must be of the object and the version that it says. */
function checkIdentity(live: KubeObject, next: KubeObject, target: Target): void {
  const { resource, name } = target
  const subject = { group: resource.group, kind: resource.plural, name: name! }
  const { metadata } = next
  if (metadata.name && metadata.name !== name) throw nameMismatch(metadata.name, name!)
  if (metadata.namespace && metadata.namespace !== (live.metadata.namespace ?? '')) throw namespaceMismatch()
  if (metadata.uid && metadata.uid !== live.metadata.uid) {
    throw conflict(
      subject,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${live.metadata.uid}`,
    )
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== live.metadata.resourceVersion) throw modified(subject)
}

/** An object that is being deleted may lose finalizers but not gain any. */
function checkFinalizers(live: KubeObject, next: KubeObject, resource: Resource): void {
  if (!live.metadata.deletionTimestamp) return
  const added = (next.metadata.finalizers ?? []).filter((finalizer) => !live.metadata.finalizers?.includes(finalizer))
  if (added.length === 0) return
  const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ')
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`
  throw invalid({ group: resource.group, kind: resource.kind, name: live.metadata.name }, [
    { reason: 'FieldValueForbidden', message, field: 'metadata.finalizers' },
  ])
}

/** How managedFields reads what is written to a target. */
export function fieldRules(target: Target, now: string): FieldRules {
  const { resource, subresource } = target
  return { schema: resource.schema, ignoresStatus: resource.hasStatus && subresource !== 'status', now }
}

/** Throws 422 with everything that is wrong with an object. */
function checkObject(object: KubeObject, old: KubeObject | undefined, resource: Resource): void {
  const { schema } = resource
  const causes = validate(object, schema, old)
  const isBlocked = causes.some((cause) => BLOCKS_RULES.includes(cause.reason))
  if (!isBlocked) causes.push(...(resource.check?.(object, old) ?? []), ...brokenRules(object, old, schema))
  else if (resource.isCustom && hasRules(schema)) causes.push(RULES_NOT_CHECKED)
  causes.unshift(...metadataCauses(object, resource.nameSyntax))
  if (causes.length === 0) return
  throw invalid({ group: resource.group, kind: resource.kind, name: object.metadata.name }, causes)
}

function placeInNamespace(object: KubeObject, resource: Resource, namespace: string | undefined): void {
  const { metadata } = object
  if (!resource.namespaced) {
    delete metadata.namespace
    return
  }
  if (metadata.namespace && metadata.namespace !== namespace) throw namespaceMismatch()
  metadata.namespace = namespace!
}

function checkNamespace(store: Store, resource: Resource, namespace: string | undefined, name: string): void {
  if (!resource.namespaced) return
  const found = store.get(storageKey(NAMESPACES), undefined, namespace!)
  if (!found) throw notFound({ group: '', kind: NAMESPACES.plural, name: namespace! })
  if (!found.metadata.deletionTimestamp) return
  throw forbidden(
    { group: resource.group, kind: resource.plural, name },
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  )
}

function generatedName(prefix: string | undefined): string {
  if (!prefix) return ''
  const letters = [...randomBytes(5)].map((byte) => NAME_LETTERS[byte % NAME_LETTERS.length])
  return prefix.slice(0, 248) + letters.join('')
}

/** Which resources count their changes: all custom ones, and the built-in ones that controllers observe. */
function hasGeneration(resource: Resource): boolean {
  return resource.isCustom || ['Pod', 'PodDisruptionBudget', 'CustomResourceDefinition'].includes(resource.kind)
}

/** What a change of `metadata.generation` is about: everything but metadata and status. */
function desiredState(object: KubeObject): Json {
  const { metadata: _metadata, status: _status, ...rest } = object
  return rest
}

/** An object without what may differ though nothing has changed. */
function withoutTimes(object: KubeObject): Json {
  const { managedFields, resourceVersion: _version, ...metadata } = object.metadata
  const owners = managedFields?.map(({ time: _time, ...entry }) => entry)
  return { ...object, metadata: { ...metadata, managedFields: owners } }
}

/** What a new object is compared with: in built-in kinds `metadata`, `spec` and `status` are always there. */
function emptyObject(resource: Resource): KubeObject {
  const base = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name: '' } }
  return resource.isCustom ? base : { ...base, spec: {}, status: {} }
}

/** A PUT replaces everything: it must say which version it has seen. */
function versionMissing(live: KubeObject, resource: Resource) {
  return invalid({ group: resource.group, kind: resource.plural, name: live.metadata.name }, [
    invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
  ])
}

function nameMismatch(inObject: string, inPath: string) {
  return badRequest(`the name of the object (${inObject}) does not match the name on the URL (${inPath})`)
}

function namespaceMismatch() {
  return badRequest('the namespace of the provided object does not match the namespace sent on the request')
}
