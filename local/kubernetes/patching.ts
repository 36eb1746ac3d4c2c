/** Patches of every kind, server-side apply among them, on objects and on their subresources. */
import { ApiError, badRequest, invalid, notFound } from './api-error.ts'
import { jsonPatch } from './json-patch.ts'
import { applyConfig, type Writer } from './managed-fields.ts'
import { mergePatch } from './merge-patch.ts'
import { requiredValue } from './names.ts'
import {
  asArray,
  asRecord,
  fieldNames,
  isRecord,
  type Json,
  type KubeObject,
  setValueAt,
  timestamp,
  valueAt,
} from './object.ts'
import { pruneUnknown } from './prune.ts'
import { scaleBody } from './reading.ts'
import { inVersion, representObject, wantedForm } from './representation.ts'
import {
  type ApiRequest,
  parseBody,
  parseDocument,
  type Reply,
  type Target,
  type WriteOptions,
  writeOptions,
} from './request.ts'
import { apiVersionOf, type Resource, storageKey } from './resource.ts'
import type { Store } from './store.ts'
import { strategicMerge } from './strategic-merge.ts'
import { listProblem } from './typed-value.ts'
import { createObject, decodeObject, fieldRules, updateObject } from './writing.ts'

const APPLY = 'application/apply-patch+yaml'
const MERGE = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'

export function patchObject(store: Store, request: ApiRequest, target: Target): Reply {
  const { resource, namespace, name } = target
  const type = request.contentType.split(';')[0]!.trim()
  const options = writeOptions(request)
  const warnings: string[] = []
  const stored = store.get(storageKey(resource), namespace, name!)
  const live = stored && inVersion(stored, resource)
  if (type === APPLY) return apply(store, request, target, live, options)
  if (!live) throw notFound({ group: resource.group, kind: resource.plural, name: name! })
  if (target.subresource === 'scale') {
    const patched = patchResult(request, type, scaleBody(live, resource), resource)
    return writeScale(store, target, live, patched, options)
  }
  const patched = patchResult(request, type, live, resource)
  const next = decodeObject(patched, target, options, warnings)
  const updated = updateObject(store, target, live, next, options, updater(target, options))
  return { code: 200, body: representObject(updated, resource, wantedForm(request.accept), request.query), warnings }
}

/** A patch's result, before anything is checked. */
function patchResult(request: ApiRequest, type: string, document: Json, resource: Resource): Json {
  const accepted = resource.isCustom ? [JSON_PATCH, MERGE, APPLY] : [JSON_PATCH, MERGE, STRATEGIC, APPLY]
  if (!accepted.includes(type)) {
    const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`
    throw new ApiError(415, 'UnsupportedMediaType', message)
  }
  const patch = parseDocument({ ...request, contentType: 'application/json' })
  const result =
    type === JSON_PATCH
      ? jsonPatch(document, patch)
      : type === STRATEGIC
        ? strategicMerge(document, patch, resource.schema)
        : mergePatch(document, patch)
  if (!isRecord(result)) throw badRequest('the patch leaves no object')
  return result
}

/** `PUT` of the scale subresource. */
export function replaceScale(store: Store, request: ApiRequest, target: Target, live: KubeObject): Reply {
  return writeScale(store, target, live, parseBody(request), writeOptions(request))
}

function writeScale(store: Store, target: Target, live: KubeObject, scale: Json, options: WriteOptions): Reply {
  const { resource } = target
  const replicas = valueAt(scale, ['spec', 'replicas']) ?? 0
  if (!Number.isInteger(replicas) || (replicas as number) < 0) {
    throw badRequest('spec.replicas must be a whole number that is not negative')
  }
  const next = structuredClone(live)
  const version = asRecord(scale.metadata).resourceVersion
  if (typeof version === 'string') next.metadata.resourceVersion = version
  setValueAt(next, fieldNames(resource.scale!.specReplicasPath), replicas)
  // The replicas are a field of the object itself: written as its owner would, under the name of the subresource.
  const { subresource: _subresource, ...wholeObject } = target
  const updated = updateObject(store, wholeObject, live, next, options, updater(target, options))
  return { code: 200, body: scaleBody(updated, resource) }
}

function apply(
  store: Store,
  request: ApiRequest,
  target: Target,
  live: KubeObject | undefined,
  options: WriteOptions,
): Reply {
  const { resource, namespace, name, subresource } = target
  const manager = request.query.get('fieldManager')
  if (!manager) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, [
      requiredValue('fieldManager', 'is required for apply patch'),
    ])
  }
  const body = parseBody({ ...request, contentType: 'application/yaml' })
  if (!body.apiVersion || !body.kind) throw badRequest('invalid object type: /, Kind=')
  if (asArray(asRecord(body.metadata).managedFields).length > 0) throw badRequest('metadata.managedFields must be nil')
  if (subresource === 'scale') {
    throw new ApiError(415, 'UnsupportedMediaType', 'apply the replicas to the object itself: scale takes patches only')
  }
  if (!live && subresource) throw notFound({ group: resource.group, kind: resource.plural, name: name! })
  const config = decodeObject(body, target, { ...options, fieldValidation: 'Ignore' }, [])
  checkConfig(body, resource)
  config.metadata.name ||= name!
  if (namespace) config.metadata.namespace ||= namespace
  const { resourceVersion } = config.metadata
  const writer: Writer = {
    manager,
    operation: 'Apply',
    apiVersion: apiVersionOf(resource),
    ...(subresource ? { subresource } : {}),
  }
  const base = live ?? { apiVersion: config.apiVersion, kind: config.kind, metadata: { name: name! } }
  const applied = applyConfig(base, ownPart(config, target), writer, {
    ...fieldRules(target, timestamp()),
    force: options.force,
  })
  const form = wantedForm(request.accept)
  if (!live) {
    const created = createObject(store, target, structuredClone(applied), options, undefined)
    return { code: 201, body: representObject(created, resource, form, request.query) }
  }
  const next = structuredClone(applied)
  if (resourceVersion) next.metadata.resourceVersion = resourceVersion
  const updated = updateObject(store, target, live, next, options, undefined)
  return { code: 200, body: representObject(updated, resource, form, request.query) }
}

/** The fields of an applied configuration that its endpoint may set. */
function ownPart(config: KubeObject, target: Target): KubeObject {
  const { apiVersion, kind, metadata, status, ...rest } = config
  const { resourceVersion: _version, uid: _uid, ...applied } = metadata
  if (target.subresource !== 'status') {
    const own = { apiVersion, kind, ...rest, metadata: applied }
    return target.resource.hasStatus || status === undefined ? own : { ...own, status }
  }
  const named = { name: metadata.name, ...(metadata.namespace ? { namespace: metadata.namespace } : {}) }
  return { apiVersion, kind, metadata: named, ...(status === undefined ? {} : { status }) }
}

/** An applied configuration may only hold known fields, whatever `fieldValidation` says, and lists that have keys. */
function checkConfig(body: Json, resource: Resource): void {
  const [unknown] = pruneUnknown(structuredClone(body), resource.schema)
  const problem = unknown ? `.${unknown}: field not declared in schema` : listProblem(body, resource.schema)
  if (!problem) return
  const { namespace = '', name = '' } = asRecord(body.metadata)
  const object = `${namespace}/${name}; ${resource.group}/${resource.version}, Kind=${resource.kind}`
  throw new ApiError(500, '', `failed to create typed patch object (${object}): ${problem}`)
}

/** Who writes, as managedFields names it. */
export function updater(target: Target, options: WriteOptions): Writer {
  return {
    manager: options.fieldManager,
    operation: 'Update',
    apiVersion: apiVersionOf(target.resource),
    ...(target.subresource ? { subresource: target.subresource } : {}),
  }
}
