/** A request as the handlers see it: what it is about, with which options. */
import { parse as parseYaml } from 'yaml'
import { ApiError, badRequest } from './api-error.ts'
import { isRecord, type Json } from './object.ts'
import { decodeProtobuf } from './protobuf.ts'
import type { Resource } from './resource.ts'

export interface ApiRequest {
  method: string
  path: string
  query: URLSearchParams
  accept: string
  contentType: string
  userAgent: string
  body: Buffer
}

/** What a path names. */
export interface Target {
  resource: Resource
  namespace?: string
  name?: string
  subresource?: string
}

export interface Reply {
  code: number
  body: Json | Buffer | string
  contentType?: string
  /** Shown by kubectl as `Warning: …`. */
  warnings?: string[]
}

/** The parts of a resource path; undefined where it isn't one. */
export interface ResourcePath {
  group: string
  version: string
  namespace?: string
  plural: string
  name?: string
  subresource?: string
}

/** `/apis/<group>/<version>/namespaces/<ns>/<plural>/<name>/<subresource>`, or `/api/v1/…` for the core group. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').filter(Boolean).map(decodePart)
  const group = parts[0] === 'api' ? '' : parts[1]
  const rest = parts[0] === 'api' ? parts.slice(1) : parts.slice(2)
  const [version, ...tail] = rest
  if (group === undefined || version === undefined || tail.length === 0) return undefined
  // `/namespaces/x` is the namespace itself, `/namespaces/x/pods` is inside it.
  const isInside = tail[0] === 'namespaces' && tail.length > 2 && tail[2] !== 'status' && tail[2] !== 'finalize'
  const [plural, name, subresource, ...more] = isInside ? tail.slice(2) : tail
  if (plural === undefined || more.length > 0) return undefined
  return {
    group,
    version,
    plural,
    ...(isInside ? { namespace: tail[1]! } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  }
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`unreadable path: ${JSON.stringify(part)}`)
  }
}

export interface WriteOptions {
  dryRun: boolean
  fieldManager: string
  fieldValidation: 'Strict' | 'Warn' | 'Ignore'
  force: boolean
}

export function writeOptions(request: ApiRequest): WriteOptions {
  const { query, userAgent } = request
  const dryRun = query.get('dryRun')
  if (dryRun && dryRun !== 'All')
    throw badRequest(`Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`)
  const fieldValidation = query.get('fieldValidation') || 'Warn'
  if (fieldValidation !== 'Strict' && fieldValidation !== 'Warn' && fieldValidation !== 'Ignore') {
    throw badRequest(`fieldValidation: Unsupported value: ${JSON.stringify(fieldValidation)}`)
  }
  return {
    dryRun: dryRun === 'All',
    // Who doesn't say is known by the first word of its user agent.
    fieldManager: query.get('fieldManager') || userAgent.split('/')[0] || 'unknown',
    fieldValidation,
    force: query.get('force') === 'true',
  }
}

/** The body as a record: JSON, YAML, or the protobuf of the few kinds that kubectl sends so. */
export function parseBody(request: ApiRequest): Json {
  const value = parseDocument(request)
  if (!isRecord(value)) throw badRequest('the object provided is unrecognized: the body must be one object')
  return value
}

/** The body as whatever it holds: a JSON patch is a list. */
export function parseDocument(request: ApiRequest): unknown {
  const { body, contentType } = request
  if (contentType.includes('protobuf')) return decodeProtobuf(body)
  const text = body.toString('utf8')
  try {
    // Most of what comes as YAML is JSON, which is read ten times faster.
    return contentType.includes('yaml') && !isJson(text) ? parseYaml(text) : JSON.parse(text)
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${(error as Error).message.split('\n')[0]}`)
  }
}

/** Whether a text begins like a JSON object or list: a quoted name, or nothing, after the bracket. */
function isJson(text: string): boolean {
  return /^\s*(\{\s*["}]|\[\s*[{\]])/.test(text)
}

export interface DeleteOptions {
  gracePeriodSeconds?: number
  propagationPolicy?: string
  preconditions?: { uid?: string; resourceVersion?: string }
  dryRun: boolean
}

/** Options of a delete, from its body or its query. */
export function deleteOptions(request: ApiRequest): DeleteOptions {
  const { query } = request
  // kubectl sends protobuf options for some kinds; they say nothing that JSON doesn't, and the defaults serve.
  const isReadable = request.body.length > 0 && !request.contentType.includes('protobuf')
  const body = isReadable ? parseBody(request) : {}
  const grace = body.gracePeriodSeconds ?? query.get('gracePeriodSeconds')
  const policy = body.propagationPolicy ?? query.get('propagationPolicy')
  const dryRun = Array.isArray(body.dryRun) ? body.dryRun : query.getAll('dryRun')
  return {
    ...(grace === null || grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(typeof policy === 'string' ? { propagationPolicy: policy } : {}),
    ...(isRecord(body.preconditions) ? { preconditions: body.preconditions } : {}),
    dryRun: dryRun.includes('All'),
  }
}

/** A number in the query; undefined when it is absent. Throws 400 for anything else. */
export function queryNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^\d+$/.test(text)) throw new ApiError(400, 'BadRequest', `${name}: Invalid value: ${JSON.stringify(text)}`)
  return Number(text)
}
