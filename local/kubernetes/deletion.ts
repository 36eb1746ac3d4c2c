/** Delete and deletecollection: at once, or in steps when finalizers, a kubelet or contents have to go first. */
import { conflict, forbidden } from './api-error.ts'
import { CRDS, NAMESPACES, PODS } from './builtins.ts'
import { asRecord, type Json, type KubeObject, timestamp } from './object.ts'
import { findObject, requestMatcher } from './reading.ts'
import { representList, representObject, wantedForm } from './representation.ts'
import { type ApiRequest, type DeleteOptions, deleteOptions, type Reply, type Target } from './request.ts'
import { type Resource, storageKey } from './resource.ts'
import type { Store } from './store.ts'

/** Finalizers that the collector (garbage.ts) takes away when its work on the object is done. */
export const FOREGROUND = 'foregroundDeletion'
export const ORPHAN = 'orphan'
export const CRD_CLEANUP = 'customresourcecleanup.apiextensions.k8s.io'

const DEFAULT_GRACE_S = 30

/** Namespaces that the server needs itself. */
const PROTECTED = ['default', 'kube-system']

export function deleteObject(store: Store, request: ApiRequest, target: Target): Reply {
  const { resource } = target
  const options = deleteOptions(request)
  const live = findObject(store, target)
  checkPreconditions(live, resource, options)
  const remaining = markDeleted(store, live, resource, options)
  if (remaining) {
    return { code: 200, body: representObject(remaining, resource, wantedForm(request.accept), request.query) }
  }
  // A pod comes back as it was, everything else as a mere success.
  if (resource === PODS) return { code: 200, body: live }
  const { group, plural } = resource
  const { name, uid } = live.metadata
  const details = { name, ...(group ? { group } : {}), kind: plural, uid }
  return { code: 200, body: success(details) }
}

export function deleteCollection(store: Store, request: ApiRequest, target: Target): Reply {
  const { resource, namespace } = target
  const options = deleteOptions(request)
  const found = store.list(storageKey(resource), namespace).filter(requestMatcher(request.query, resource))
  for (const object of found) markDeleted(store, object, resource, options)
  const listMeta = { resourceVersion: String(store.version) }
  return { code: 200, body: representList(found, resource, wantedForm(request.accept), request.query, listMeta) }
}

function success(details: Json): Json {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
}

function checkPreconditions(live: KubeObject, resource: Resource, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const subject = { group: resource.group, kind: resource.kind, name: live.metadata.name }
  if (uid && uid !== live.metadata.uid) {
    const message = `the UID in the precondition (${uid}) does not match the UID in record (${live.metadata.uid}). The object might have been deleted and then recreated`
    throw conflict(subject, message)
  }
  if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) {
    const message = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${live.metadata.resourceVersion}). The object might have been modified`
    throw conflict(subject, message)
  }
}

/**
 * Deletes an object, or marks it when something has to go first. Returns the marked object, undefined when it is gone.
 */
export function markDeleted(
  store: Store,
  live: KubeObject,
  resource: Resource,
  options: DeleteOptions,
): KubeObject | undefined {
  if (resource === NAMESPACES && PROTECTED.includes(live.metadata.name)) {
    throw forbidden({ group: '', kind: 'namespaces', name: live.metadata.name }, 'this namespace may not be deleted')
  }
  const key = storageKey(resource)
  const finalizers = finalizersOf(live, resource, options)
  const grace = graceOf(live, resource, options)
  const hasContents = resource === NAMESPACES
  if (finalizers.length === 0 && grace === 0 && !hasContents) {
    if (!options.dryRun) store.remove(key, live)
    return undefined
  }
  const { deletionTimestamp, deletionGracePeriodSeconds } = live.metadata
  const isAlreadyMarked = deletionTimestamp !== undefined && (deletionGracePeriodSeconds ?? 0) <= grace
  if (isAlreadyMarked && finalizers.length === (live.metadata.finalizers ?? []).length) return live
  const marked = structuredClone(live)
  const { metadata } = marked
  metadata.deletionTimestamp = timestamp(new Date(Date.now() + grace * 1000))
  metadata.deletionGracePeriodSeconds = grace
  if (finalizers.length > 0) metadata.finalizers = finalizers
  if (metadata.generation !== undefined) metadata.generation++
  resource.complete?.(marked, live)
  return options.dryRun ? marked : store.put(key, marked)
}

function finalizersOf(live: KubeObject, resource: Resource, options: DeleteOptions): string[] {
  const finalizers = new Set(live.metadata.finalizers)
  if (options.propagationPolicy === 'Foreground') finalizers.add(FOREGROUND)
  if (options.propagationPolicy === 'Orphan') finalizers.add(ORPHAN)
  if (resource === CRDS) finalizers.add(CRD_CLEANUP)
  return [...finalizers]
}

/** Seconds that a pod's kubelet gets to stop it; a pod that no kubelet has, or that has ended, needs none. */
function graceOf(live: KubeObject, resource: Resource, options: DeleteOptions): number {
  if (resource !== PODS) return 0
  const spec = asRecord(live.spec)
  const phase = asRecord(live.status).phase
  if (!spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0
  const wanted = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_S
  return Math.max(0, Number(wanted))
}
