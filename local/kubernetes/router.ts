/** Which handler answers which path and method. */
import { methodNotAllowed, notFound } from './api-error.ts'
import { deleteCollection, deleteObject } from './deletion.ts'
import { aggregatedDiscovery, groupDocument, groupList, resourceList } from './discovery.ts'
import { OPENAPI_V2_PROTOBUF, openApiDocument, openApiIndex, openApiV2, openApiV2Protobuf } from './openapi.ts'
import { patchObject, replaceScale, updater } from './patching.ts'
import { findObject, getObject, listObjects } from './reading.ts'
import type { Registry } from './registry.ts'
import { inVersion, representObject, wantedForm } from './representation.ts'
import { type ApiRequest, parseBody, parseResourcePath, type Reply, type Target, writeOptions } from './request.ts'
import { storageKey } from './resource.ts'
import type { Store } from './store.ts'
import { createObject, decodeObject, updateObject } from './writing.ts'

/** The Kubernetes version whose behaviour this server follows. */
const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3+berth',
  platform: `${process.platform}/${process.arch}`,
}

/** Paths that need no token. */
export function answerOpen(path: string): Reply | undefined {
  if (['/healthz', '/livez', '/readyz'].includes(path)) return { code: 200, body: 'ok', contentType: 'text/plain' }
  if (path === '/version' || path === '/version/') return { code: 200, body: VERSION }
  return undefined
}

/** Discovery and OpenAPI; undefined where the path is none of them. */
export function answerMeta(registry: Registry, request: ApiRequest): Reply | undefined {
  const { path } = request
  if (path.startsWith('/openapi/')) return answerOpenApi(registry, request)
  const parts = path.split('/').filter(Boolean)
  if (parts[0] === 'apis' && parts[1] === 'authorization.k8s.io' && parts[3] !== undefined) return accessReview(request)
  if (parts.length === 1) return answerRoot(registry, request, parts[0]!)
  const [root, group, version, ...rest] = parts[0] === 'api' ? ['api', '', ...parts.slice(1)] : parts
  if (rest.length > 0 || (root !== 'api' && root !== 'apis')) return undefined
  const document = version ? resourceList(registry.all, group!, version) : groupDocument(registry.all, group!)
  return document ? { code: 200, body: document } : pathNotFound()
}

function answerRoot(registry: Registry, request: ApiRequest, root: string): Reply | undefined {
  if (root !== 'api' && root !== 'apis') return undefined
  const aggregated = /application\/json;[^,]*g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList/.exec(
    request.accept,
  )
  if (aggregated) {
    const body = aggregatedDiscovery(registry.all, root === 'api', aggregated[1]!)
    return { code: 200, body, contentType: aggregated[0] }
  }
  if (root === 'apis') return { code: 200, body: groupList(registry.all) }
  return { code: 200, body: { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] } }
}

function answerOpenApi(registry: Registry, request: ApiRequest): Reply {
  const [, kind, ...key] = request.path.split('/').filter(Boolean)
  if (kind === 'v2') {
    const isProtobuf = request.accept.includes('protobuf')
    return isProtobuf
      ? { code: 200, body: openApiV2Protobuf, contentType: OPENAPI_V2_PROTOBUF }
      : { code: 200, body: openApiV2 }
  }
  if (kind !== 'v3') return pathNotFound()
  if (key.length === 0) return { code: 200, body: openApiIndex(registry.all, registry.revision) }
  const document = openApiDocument(registry.all, key.join('/'))
  return document ? { code: 200, body: document } : pathNotFound()
}

/** The one user of this server may do everything. */
function accessReview(request: ApiRequest): Reply {
  const review = parseBody(request)
  return { code: 201, body: { ...review, metadata: {}, status: { allowed: true } } }
}

/** What a path names; undefined where there is no such resource. */
export function findTarget(registry: Registry, path: string): Target | undefined {
  const parsed = parseResourcePath(path)
  const resource = parsed && registry.find(parsed.group, parsed.version, parsed.plural)
  if (!parsed || !resource) return undefined
  const { namespace, name, subresource } = parsed
  // A namespaced object is named inside its namespace; only lists cross namespaces.
  if (resource.namespaced ? name !== undefined && namespace === undefined : namespace !== undefined) return undefined
  const hasSubresource =
    subresource === undefined ||
    (subresource === 'status' && resource.hasStatus) ||
    (subresource === 'scale' && resource.scale) ||
    (subresource === 'log' && resource.kind === 'Pod')
  if (!hasSubresource) return undefined
  return {
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  }
}

/** Everything about objects except watches. */
export function answerObjects(store: Store, request: ApiRequest, target: Target): Reply {
  if (target.name === undefined) {
    switch (request.method) {
      case 'GET':
        return listObjects(store, request, target)
      case 'POST':
        return post(store, request, target)
      case 'DELETE':
        return deleteCollection(store, request, target)
    }
    throw methodNotAllowed()
  }
  switch (request.method) {
    case 'GET':
      return getObject(store, request, target)
    case 'PUT':
      return put(store, request, target)
    case 'PATCH':
      return patchObject(store, request, target)
    case 'DELETE':
      if (!target.subresource) return deleteObject(store, request, target)
  }
  throw methodNotAllowed()
}

function post(store: Store, request: ApiRequest, target: Target): Reply {
  if (target.resource.namespaced && target.namespace === undefined) throw methodNotAllowed()
  const options = writeOptions(request)
  const warnings: string[] = []
  const object = decodeObject(parseBody(request), target, options, warnings)
  const created = createObject(store, target, object, options, updater(target, options))
  return reply(201, created, request, target, warnings)
}

function put(store: Store, request: ApiRequest, target: Target): Reply {
  const { resource, namespace, name } = target
  const options = writeOptions(request)
  const warnings: string[] = []
  const stored = store.get(storageKey(resource), namespace, name!)
  if (!stored && !(resource.createsOnUpdate && !target.subresource)) {
    throw notFound({ group: resource.group, kind: resource.plural, name: name! })
  }
  if (target.subresource === 'scale') return replaceScale(store, request, target, findObject(store, target))
  const object = decodeObject(parseBody(request), target, options, warnings)
  if (!stored) {
    return reply(201, createObject(store, target, object, options, updater(target, options)), request, target, warnings)
  }
  const live = inVersion(stored, resource)
  const updated = updateObject(store, target, live, object, options, updater(target, options), true)
  return reply(200, updated, request, target, warnings)
}

function reply(
  code: number,
  object: Parameters<typeof representObject>[0],
  request: ApiRequest,
  target: Target,
  warnings: string[],
): Reply {
  return { code, body: representObject(object, target.resource, wantedForm(request.accept), request.query), warnings }
}

/** What a real server says to a path that it doesn't have. */
export function pathNotFound(): Reply {
  return { code: 404, body: '404 page not found\n', contentType: 'text/plain; charset=utf-8' }
}
