/** Requests made of the API document: as it wants them, nearly so, and not at all. */
import { type Located, type Parameter, resolve, type Schema } from '@berth/gateway/openapi/document.ts'
import fc from 'fast-check'

type Schemas = Record<string, Schema>

export interface GeneratedRequest {
  located: Located
  path: string
  headers: Record<string, string>
  /** The text of the body. */
  body: string | undefined
}

/** Values of a schema. */
function valid(schema: Schema, schemas: Schemas): fc.Arbitrary<unknown> {
  const {
    type,
    const: constant,
    oneOf,
    items,
    enum: values,
    examples,
    format,
    pattern,
    properties,
    required = [],
    ...limits
  } = resolve(schema, schemas)
  if (oneOf) return fc.oneof(...oneOf.map((one) => valid(one, schemas)))
  if (constant !== undefined) return fc.constant(constant)
  if (values) return fc.constantFrom(...values)
  if (items) return fc.array(valid(items, schemas), { maxLength: 3 })
  if (properties) {
    const fields = Object.entries(properties).map(([name, field]) => [name, valid(field, schemas)])
    return fc.record(Object.fromEntries(fields), { requiredKeys: required as never[] })
  }
  if (type === 'number') return fc.double({ min: limits.minimum ?? -1000, max: limits.maximum ?? 1000, noNaN: true })
  if (type === 'integer') return fc.integer({ min: limits.minimum ?? -10, max: limits.maximum ?? 1000 })
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
  const text = pattern
    ? fc.stringMatching(new RegExp(pattern))
    : fc.string({ unit: 'binary', minLength: limits.minLength ?? 0, maxLength: Math.min(limits.maxLength ?? 50, 50) })
  return examples ? fc.oneof(fc.constantFrom(...examples), text) : text
}

/** The same with something wrong in it: a field of another type, one too many, one too few; or anything at all. */
function nearly(schema: Schema, schemas: Schemas): fc.Arbitrary<unknown> {
  const { properties, oneOf } = resolve(schema, schemas)
  if (oneOf) return fc.oneof(...oneOf.map((one) => nearly(one, schemas)))
  const right = valid(schema, schemas)
  if (!properties) return fc.oneof(right, fc.string({ unit: 'binary' }), fc.jsonValue())
  const name = fc.oneof(fc.constantFrom(...Object.keys(properties)), fc.string(), fc.constant('__proto__'))
  const wrong = fc.oneof(fc.jsonValue(), fc.constant(undefined))
  const changed = fc.tuple(right, name, wrong).map(([value, key, other]) => ({ ...(value as object), [key]: other }))
  return fc.oneof(changed, fc.jsonValue())
}

/** Any text can't stand in a header or a URL. */
const isHeader = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)
const isSegment = (text: string): boolean => text !== '' && !/^\.{1,2}$/.test(text) && text.length < 60
const encode = (value: unknown): string => encodeURIComponent(String(value).toWellFormed())

/** Each parameter, or none where it may be left out; mostly as it should be. */
function parametersOf(parameters: Parameter[], schemas: Schemas): fc.Arbitrary<Record<string, string>> {
  const values = parameters.map(({ name, example, schema, in: place }) => {
    const usual = example === undefined ? [] : [{ weight: 4, arbitrary: fc.constant(String(example)) }]
    const right = { weight: 2, arbitrary: valid(schema, schemas) }
    const any = fc.oneof(...usual, right, fc.string({ unit: 'binary' })).map(String)
    const fits = place === 'path' ? isSegment : place === 'header' ? isHeader : () => true
    return [name, any.filter(fits)] as const
  })
  const requiredKeys = parameters.filter(({ required }) => required).map(({ name }) => name)
  return fc.record(Object.fromEntries(values), { requiredKeys }) as fc.Arbitrary<Record<string, string>>
}

function bodyOf({ operation }: Located, schemas: Schemas): fc.Arbitrary<string | undefined> {
  const schema = operation.requestBody?.content['application/json']?.schema
  if (!schema) return fc.constant(undefined)
  const json = fc.oneof(valid(schema, schemas), nearly(schema, schemas)).map((value) => JSON.stringify(value) ?? '')
  return fc.oneof({ weight: 8, arbitrary: json }, { weight: 1, arbitrary: fc.string({ unit: 'binary' }) })
}

const TYPES = ['application/json', 'application/json; charset=latin1', 'text/plain', 'x']
const ACCEPTS = ['application/json', 'image/png', 'text/plain', 'text/html', 'image/svg+xml;q=0.1, */*;q=0', 'x']

export function requestOf(located: Located, schemas: Schemas): fc.Arbitrary<GeneratedRequest> {
  const { parameters = [], requestBody } = located.operation
  const of = (place: Parameter['in']) =>
    parametersOf(
      parameters.filter((parameter) => parameter.in === place),
      schemas,
    )
  return fc
    .record({
      path: of('path'),
      query: of('query'),
      headers: of('header'),
      body: bodyOf(located, schemas),
      accept: fc.option(fc.constantFrom(...ACCEPTS), { nil: undefined }),
      type: fc.oneof({ weight: 6, arbitrary: fc.constant(TYPES[0]!) }, fc.constantFrom(...TYPES)),
    })
    .map(({ path, query, headers, body, accept, type }) => {
      const search = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`)
      const filled = located.path.replace(/{(\w+)}/g, (_, name) => encode(path[name]))
      return {
        located,
        path: filled + (search.length > 0 ? `?${search.join('&')}` : ''),
        headers: {
          ...headers,
          ...(accept !== undefined && { accept }),
          ...(requestBody && { 'content-type': type }),
        },
        body,
      }
    })
}
