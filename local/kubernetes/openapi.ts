/** The OpenAPI documents: version 3 for kubectl's explain and validation, version 2 as an empty one for old clients. */
import { definitions } from './builtin/schemas.ts'
import type { Json } from './object.ts'
import { apiVersionOf, type Resource } from './resource.ts'

/** `GET /openapi/v3`: where the document of each group and version is; the hash changes with the CRDs. */
export function openApiIndex(resources: readonly Resource[], revision: number): Json {
  const keys = new Set(resources.map((resource) => documentKey(resource)))
  const entries = [...keys].map((key) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${revision}` }])
  return { paths: Object.fromEntries(entries) }
}

function documentKey(resource: { group: string; version: string }): string {
  return `${resource.group ? 'apis' : 'api'}/${apiVersionOf(resource)}`
}

/** `GET /openapi/v3/<key>`; undefined when there is no such document. */
export function openApiDocument(resources: readonly Resource[], key: string): Json | undefined {
  const members = resources.filter((resource) => documentKey(resource) === key)
  if (members.length === 0) return undefined
  const schemas: Record<string, Json> = {}
  for (const { definition } of members) {
    schemas[definition.name] = definition.schema
    addReferenced(definition.schema, schemas)
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1' },
    paths: Object.assign({}, ...members.map(pathsOf)),
    components: { schemas },
  }
}

function addReferenced(value: unknown, schemas: Record<string, Json>): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, child] of Object.entries(value)) {
    if (key !== '$ref' || typeof child !== 'string') {
      addReferenced(child, schemas)
      continue
    }
    const name = child.slice(child.lastIndexOf('/') + 1)
    if (name in schemas || !definitions[name]) continue
    schemas[name] = definitions[name]
    addReferenced(definitions[name], schemas)
  }
}

/** kubectl looks for `fieldValidation` here: where it finds it, it leaves validation to the server. */
const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
}))

function pathsOf(resource: Resource): Json {
  const { group, version, kind, namespaced, plural, definition } = resource
  const prefix = `/${documentKey(resource)}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${definition.name}` } } }
  const operation = (action: string, hasBody: boolean) => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
    ...(hasBody ? { parameters: WRITE_PARAMETERS, requestBody: { content, required: true } } : {}),
    responses: { 200: { description: 'OK', content } },
  })
  const object = {
    get: operation('get', false),
    put: operation('put', true),
    patch: operation('patch', true),
    delete: operation('delete', false),
  }
  return {
    [prefix]: { get: operation('list', false), post: operation('post', true) },
    [`${prefix}/{name}`]: object,
    ...(resource.hasStatus ? { [`${prefix}/{name}/status`]: object } : {}),
  }
}

/** The content type must not contain the `@` that kubectl asks with: clients up to 1.27 can't parse it. */
export const OPENAPI_V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

/** `GET /openapi/v2` as JSON: a document without definitions. */
export const openApiV2: Json = {
  swagger: '2.0',
  info: { title: 'Kubernetes', version: 'v1' },
  paths: {},
  definitions: {},
}

/** The same as protobuf (gnostic's openapi_v2.Document): swagger = 1, info = 2, paths = 8, definitions = 9. */
export const openApiV2Protobuf = Buffer.concat([
  field(1, '2.0'),
  field(2, Buffer.concat([field(1, 'Kubernetes'), field(2, 'v1')])),
  field(8, ''),
  field(9, ''),
])

/** One length-delimited protobuf field; all lengths here fit one byte. */
function field(number: number, value: Buffer | string): Buffer {
  const body = Buffer.from(value as string)
  return Buffer.concat([Buffer.from([(number << 3) | 2, body.length]), body])
}
