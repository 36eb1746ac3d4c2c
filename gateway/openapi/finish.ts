/**
 * Turns what the libraries make of the routes into a document that is read with pleasure: one name for each schema, no
 * noise, the common headers said once, an example at every body and every answer. Pure.
 */
import { isDeepStrictEqual } from 'node:util'
import { catalogue, type ProblemCode, problemCodes } from '../problems/catalogue.ts'
import { exampleProblem, PROBLEM_TYPE } from '../problems/problem.ts'
import {
  type ApiDocument,
  componentOf,
  type Header,
  type Media,
  type Operation,
  operationsOf,
  type Parameter,
  partsOf,
  resolve,
  type Schema,
  schemaRef,
} from './document.ts'
import { exampleOf } from './example.ts'

/** What the library appends to the names of schemas that are read from requests. */
const INPUT = 'Input'

const COMMON_HEADERS: Record<string, Header> = {
  'X-Request-Id': {
    description:
      'Your own X-Request-Id, or one that was made; it stands in every line that the platform logs about the call',
    schema: { type: 'string' },
    example: '5f0c6a3e-8f0e-4d5e-9f6e-0b7f5d1f2a3b',
  },
  'Retry-After': {
    description: 'Seconds until it is worth trying again',
    schema: { type: 'integer' },
    example: 2,
  },
  'RateLimit-Limit': { description: 'Requests a minute', schema: { type: 'integer' }, example: 600 },
  'RateLimit-Remaining': { description: 'Requests left at once', schema: { type: 'integer' }, example: 599 },
  'RateLimit-Reset': {
    description: 'Seconds until one more is allowed (after a 429), or until all are',
    schema: { type: 'integer' },
    example: 1,
  },
}

/** An operation as the routes declare it: the headers of its success beside it. */
type Declared = Operation & { 'x-headers'?: Record<string, Header> }

export function finish(raw: ApiDocument): ApiDocument {
  const document = structuredClone(raw)
  document.components.schemas = usedSchemas(document)
  document.components.headers = COMMON_HEADERS
  document.components.examples = Object.fromEntries(problemCodes.map((code) => [code, problemExample(code)]))
  for (const { path, operation } of operationsOf(document)) {
    for (const parameter of operation.parameters ?? []) finishParameter(parameter, document.components.schemas)
    finishBody(operation)
    finishHeaders(operation, path.startsWith('/v1/'))
    giveExamples(operation, document.components.schemas)
  }
  return document
}

/** The schemas that something refers to, each under one name, tidied; renames the references in the document as well. */
function usedSchemas({ components, paths }: ApiDocument): Record<string, Schema> {
  const all = components.schemas
  const asked = new Set<string>()
  const answered = new Set<string>()
  const places: { schema: Schema; isInput: boolean }[] = []
  const visit = (schema: Schema, isInput: boolean): void => {
    places.push({ schema, isInput })
    for (const part of partsOf(schema)) visit(part, isInput)
    const name = componentOf(schema)
    const seen = isInput ? asked : answered
    if (name === undefined || seen.has(name)) return
    seen.add(name)
    visit(all[name]!, isInput)
  }
  for (const { operation } of operationsOf({ paths })) {
    for (const { schema } of operation.parameters ?? []) visit(schema, true)
    for (const { schema } of Object.values(operation.requestBody?.content ?? {})) visit(schema, true)
    for (const { content } of Object.values(operation.responses))
      for (const { schema } of Object.values(content ?? {})) visit(schema, false)
  }
  for (const { schema, isInput } of places) tidy(schema, isInput)
  // A schema needs no other name for requests when answers don't have it, or have the same.
  const nameOf = (name: string): string => {
    const short = name.endsWith(INPUT) ? name.slice(0, -INPUT.length) : name
    const isOne = !answered.has(short) || isDeepStrictEqual(all[name], all[short])
    return asked.has(name) && isOne ? short : name
  }
  for (const { schema } of places) {
    const name = componentOf(schema)
    if (name !== undefined) schema.$ref = schemaRef(nameOf(name))
  }
  const used = Object.keys(all).filter((name) => asked.has(name) || answered.has(name))
  return Object.fromEntries(
    used.map((name) => [nameOf(name), all[name]!] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** Drops what says nothing: the range of a double's integers, patterns that a format implies, closed answers. */
function tidy(schema: Schema, isInput: boolean): void {
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum
  if (schema.format === 'date-time' || schema.format === 'uuid') delete schema.pattern
  // Answers may get more fields; a client must not trip over them.
  if (!isInput && typeof schema.additionalProperties !== 'object') delete schema.additionalProperties
  const isOpen = typeof schema.additionalProperties !== 'object' && schema.additionalProperties !== false
  if (isInput && isOpen) delete schema.additionalProperties
}

/** What a parameter says about itself is lost where its schema is a component: then the component says it. */
function finishParameter(parameter: Parameter, schemas: Record<string, Schema>): void {
  const { name, schema } = parameter
  if (parameter.in === 'header') parameter.name = headerName(name)
  if (componentOf(schema) === undefined) return
  parameter.description ??= resolve(schema, schemas).description
  parameter.example ??= exampleOf(schema, schemas)
}

/** `idempotency-key` as people write it: `Idempotency-Key`. */
const headerName = (name: string): string => name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())

/** A body that may be null may be left out, which is how people send nothing. */
function finishBody({ requestBody }: Operation): void {
  for (const media of Object.values(requestBody?.content ?? {})) {
    const [given, ...others] = media.schema.anyOf?.filter(({ type }) => type !== 'null') ?? []
    if (!given || others.length > 0) continue
    media.schema = given
    requestBody!.required = false
  }
}

function finishHeaders(operation: Declared, isLimited: boolean): void {
  const own = operation['x-headers'] ?? {}
  delete operation['x-headers']
  for (const [status, response] of Object.entries(operation.responses)) {
    const isSuccess = status.startsWith('2')
    const common = ['X-Request-Id']
    if (status === '429' || status === '503') common.push('Retry-After')
    if (isLimited && (isSuccess || status === '429')) {
      common.push('RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset')
    }
    const references = common.map((name) => [name, { $ref: `#/components/headers/${name}` }])
    response.headers = { ...Object.fromEntries(references), ...(isSuccess && own) }
  }
}

function giveExamples({ requestBody, responses }: Operation, schemas: Record<string, Schema>): void {
  for (const media of Object.values(requestBody?.content ?? {})) giveExample(media, schemas)
  for (const { content } of Object.values(responses)) {
    for (const [type, media] of Object.entries(content ?? {})) {
      const codes = type === PROBLEM_TYPE ? codesOf(media.schema) : []
      if (codes.length === 0) giveExample(media, schemas)
      else media.examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
    }
  }
}

/** One for each of several kinds, by its name. */
function giveExample(media: Media, schemas: Record<string, Schema>): void {
  const kinds = (resolve(media.schema, schemas).oneOf ?? []).map((kind) => [componentOf(kind), kind] as const)
  if (kinds.length > 0 && kinds.every(([name]) => name !== undefined)) {
    media.examples = Object.fromEntries(kinds.map(([name, kind]) => [name, { value: exampleOf(kind, schemas) }]))
    return
  }
  const example = exampleOf(media.schema, schemas)
  if (example !== undefined) media.example = example
}

const problemExample = (code: ProblemCode) => ({ summary: catalogue[code].title, value: exampleProblem(code) })

/** The codes that an answer can have, of problemResponses. */
export const codesOf = (schema: Schema): ProblemCode[] =>
  (schema.allOf ?? []).flatMap((part) => (part.properties?.code?.enum ?? []) as ProblemCode[])
