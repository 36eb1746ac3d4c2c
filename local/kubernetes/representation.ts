/** The forms in which objects are sent: whole, as rows of a table (kubectl get), or their metadata alone. */
import type { Json, KubeObject } from './object.ts'
import { apiVersionOf, type Resource } from './resource.ts'

export type Form = 'Whole' | 'Table' | 'Metadata'

/** What the Accept header asks for. */
export function wantedForm(accept: string): Form {
  if (accept.includes('as=Table')) return 'Table'
  return accept.includes('as=PartialObjectMetadata') ? 'Metadata' : 'Whole'
}

export function representObject(object: KubeObject, resource: Resource, form: Form, query: URLSearchParams): Json {
  switch (form) {
    case 'Table':
      return table([object], resource, query, { resourceVersion: object.metadata.resourceVersion })
    case 'Metadata':
      return metadataOf(object)
    default:
      return inVersion(object, resource)
  }
}

export function representList(
  objects: KubeObject[],
  resource: Resource,
  form: Form,
  query: URLSearchParams,
  listMeta: Json,
): Json {
  switch (form) {
    case 'Table':
      return table(objects, resource, query, listMeta)
    case 'Metadata':
      return {
        kind: 'PartialObjectMetadataList',
        apiVersion: 'meta.k8s.io/v1',
        metadata: listMeta,
        items: objects.map(metadataOf),
      }
    default:
      return {
        kind: resource.listKind,
        apiVersion: apiVersionOf(resource),
        metadata: listMeta,
        items: objects.map((object) => listItem(object, resource)),
      }
  }
}

/** A table; later ones of the same watch carry no column definitions. */
export function table(
  objects: KubeObject[],
  resource: Resource,
  query: URLSearchParams,
  listMeta: Json,
  withColumns = true,
): Json {
  const include = query.get('includeObject') ?? 'Metadata'
  const now = Date.now()
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: listMeta,
    columnDefinitions: withColumns ? resource.columns.definitions.map(completeColumn) : null,
    rows: objects.map((object) => ({
      cells: resource.columns.cells(object, now),
      ...(include === 'None'
        ? {}
        : { object: include === 'Object' ? inVersion(object, resource) : metadataOf(object) }),
    })),
  }
}

function completeColumn(column: object): Json {
  return { format: '', description: '', priority: 0, ...column }
}

function metadataOf(object: KubeObject): Json {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

/** In lists of built-in kinds the items don't repeat what the list says. */
function listItem(object: KubeObject, resource: Resource): Json {
  if (resource.isCustom) return inVersion(object, resource)
  const { apiVersion: _apiVersion, kind: _kind, ...item } = object
  return item
}

/** Versions of one CRD differ in nothing but their name (conversion strategy None). */
export function inVersion(object: KubeObject, resource: Resource): KubeObject {
  const apiVersion = apiVersionOf(resource)
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion }
}

/** An object's `scale` subresource. */
export function scaleOf(object: KubeObject, replicas: unknown, statusReplicas: unknown, selector: unknown): Json {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: typeof replicas === 'number' ? { replicas } : {},
    status: {
      replicas: typeof statusReplicas === 'number' ? statusReplicas : 0,
      ...(selector ? { selector } : {}),
    },
  }
}
