/** Get and list. */
import { badRequest, expired, notFound } from './api-error.ts'
import type { KubeObject } from './object.ts'
import { fieldNames, valueAt } from './object.ts'
import { inVersion, representList, representObject, scaleOf, wantedForm } from './representation.ts'
import { type ApiRequest, queryNumber, type Reply, type Target } from './request.ts'
import { type Resource, storageKey } from './resource.ts'
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.ts'
import type { Store } from './store.ts'

/** The stored object that a path names, in the path's version. Throws 404. */
export function findObject(store: Store, target: Target): KubeObject {
  const { resource, namespace, name } = target
  const object = store.get(storageKey(resource), namespace, name!)
  if (!object) throw notFound({ group: resource.group, kind: resource.plural, name: name! })
  return inVersion(object, resource)
}

export function getObject(store: Store, request: ApiRequest, target: Target): Reply {
  const object = findObject(store, target)
  if (target.subresource === 'scale') return { code: 200, body: scaleBody(object, target.resource) }
  return { code: 200, body: representObject(object, target.resource, wantedForm(request.accept), request.query) }
}

export function scaleBody(object: KubeObject, resource: Resource) {
  const at = (path: string | undefined) => (path ? valueAt(object, fieldNames(path)) : undefined)
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = resource.scale!
  return scaleOf(object, at(specReplicasPath), at(statusReplicasPath), at(labelSelectorPath))
}

/** What the selectors of a list, a watch or a deletecollection let through. */
export function requestMatcher(query: URLSearchParams, resource: Resource): Matcher {
  const labels = labelMatcher(query.get('labelSelector') ?? '')
  const fields = fieldMatcher(query.get('fieldSelector') ?? '', resource.selectable)
  return (object) => labels(object) && fields(object)
}

/**
 * A list, or a page of one. Later pages show what is stored when they are asked for, under the version of the first
 * page: a watch from that version brings the changes in between.
 */
export function listObjects(store: Store, request: ApiRequest, target: Target): Reply {
  const { query } = request
  const { resource, namespace } = target
  const wanted = queryNumber(query, 'resourceVersion') ?? 0
  const token = query.get('continue')
  const page = token ? decodeToken(token) : undefined
  if (wanted > store.version) store.history.check(wanted, store.version)
  if (page) checkPage(store, page.version)
  const matches = requestMatcher(query, resource)
  const found = store.list(storageKey(resource), namespace).filter(matches)
  const rest = page ? found.filter((object) => listPosition(object) > page.after) : found
  const limit = queryNumber(query, 'limit') || rest.length
  const items = rest.slice(0, limit)
  const version = page?.version ?? store.version
  const left = rest.length - items.length
  const listMeta = {
    resourceVersion: String(version),
    ...(left > 0
      ? { continue: encodeToken({ version, after: listPosition(items.at(-1)!) }), remainingItemCount: left }
      : {}),
  }
  return { code: 200, body: representList(items, resource, wantedForm(request.accept), query, listMeta) }
}

interface PageToken {
  version: number
  after: string
}

function checkPage(store: Store, version: number): void {
  try {
    store.history.check(version, store.version)
  } catch {
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
    )
  }
}

/** Where an object stands in a list: by namespace, then by name, as the store sorts. */
function listPosition(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function encodeToken(token: PageToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

function decodeToken(text: string): PageToken {
  try {
    const { version, after } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as PageToken
    if (Number.isInteger(version) && typeof after === 'string') return { version, after }
  } catch {
    // Not one of ours: refused below.
  }
  throw badRequest('continue key is not valid')
}
