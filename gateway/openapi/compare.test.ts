import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { breakingChanges } from './compare.ts'
import type { ApiDocument, Operation, Schema } from './document.ts'

const THING: Schema = {
  type: 'object',
  properties: { id: { type: 'string' }, state: { type: 'string', enum: ['on', 'off'] }, note: { type: 'string' } },
  required: ['id', 'state'],
}

/** A document with one list, one read and one change. */
function documentWith(change: (document: ApiDocument) => void = () => {}): ApiDocument {
  const thing = {
    description: 'A thing',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
  }
  const document: ApiDocument = {
    openapi: '3.1.0',
    info: { title: 'Test', version: '1' },
    components: { schemas: { Thing: structuredClone(THING) } },
    paths: {
      '/things': {
        get: {
          operationId: 'listThings',
          summary: 'List',
          parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 100 } }],
          responses: {
            200: {
              description: 'All',
              content: {
                'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Thing' } } },
              },
            },
          },
        },
        post: {
          operationId: 'addThing',
          summary: 'Add',
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: {
                    state: { type: 'string', enum: ['on', 'off'] },
                    name: { type: 'string', maxLength: 9 },
                  },
                  required: ['name'],
                },
              },
            },
          },
          responses: { 201: thing },
        },
      },
    },
  }
  change(document)
  return document
}

const list = ({ paths }: ApiDocument): Operation => paths['/things']!.get!
const add = ({ paths }: ApiDocument): Operation => paths['/things']!.post!
const body = (document: ApiDocument): Schema => add(document).requestBody!.content['application/json']!.schema
const thing = ({ components }: ApiDocument): Schema => components.schemas.Thing!
const limit = (document: ApiDocument) => list(document).parameters![0]!

const OTHER: Schema = {
  type: 'object',
  properties: { kind: { type: 'string', const: 'other' } },
  required: ['kind'],
}
const choose = (d: ApiDocument, ...oneOf: Schema[]) => {
  add(d).requestBody!.content['application/json']!.schema = { oneOf }
}

const breaking: [string, (document: ApiDocument) => void, string[]][] = [
  ['a removed operation', (d) => delete d.paths['/things']!.post, ['POST /things was removed.']],
  [
    'a renamed operation',
    (d) => (list(d).operationId = 'things'),
    ['GET /things was renamed from listThings to things.'],
  ],
  ['a removed parameter', (d) => (list(d).parameters = []), ['GET /things: the query parameter "limit" was removed.']],
  [
    'a parameter that is required now',
    (d) => (limit(d).required = true),
    ['GET /things: the query parameter "limit" is required now.'],
  ],
  [
    'a new required parameter',
    (d) => list(d).parameters!.push({ name: 'of', in: 'query', required: true, schema: {} }),
    ['GET /things: the query parameter "of" is new and required.'],
  ],
  [
    'another type of a parameter',
    (d) => (limit(d).schema.type = 'string'),
    ['GET /things: the query parameter "limit" can no longer be integer.'],
  ],
  [
    'a lower maximum',
    (d) => (limit(d).schema.maximum = 50),
    ['GET /things: the query parameter "limit" has a lower maximum now.'],
  ],
  [
    'a body that is required now',
    (d) => (add(d).requestBody!.required = true),
    ['POST /things: the request body is required now.'],
  ],
  [
    'a field that is required now',
    (d) => body(d).required!.push('state'),
    ['POST /things: the request body must have "state" now.'],
  ],
  [
    'a field that is no longer taken',
    (d) => delete body(d).properties!.state,
    ['POST /things: the request body no longer has "state".'],
  ],
  [
    'a value that is no longer taken',
    (d) => (body(d).properties!.state!.enum = ['on']),
    ['POST /things: the request body, field "state" no longer knows the value off.'],
  ],
  [
    'free text that is a choice now',
    (d) => (body(d).properties!.name!.enum = ['a']),
    ['POST /things: the request body, field "name" takes only a now.'],
  ],
  [
    'a new pattern',
    (d) => (body(d).properties!.name!.pattern = '^a'),
    ['POST /things: the request body, field "name" must fit another pattern now.'],
  ],
  [
    'a removed answer',
    (d) => (add(d).responses = { 202: add(d).responses[201]! }),
    ['POST /things: the answer 201 was removed.'],
  ],
  [
    'another format of an answer',
    (d) => (add(d).responses[201]!.content = { 'text/plain': { schema: {} } }),
    ['POST /things: the answer 201 can no longer be application/json.'],
  ],
  [
    'a field that answers no longer have',
    (d) => delete thing(d).properties!.note,
    [
      'GET /things: the answer 200, each item no longer has "note".',
      'POST /things: the answer 201 no longer has "note".',
    ],
  ],
  [
    'a field that answers may lack now',
    (d) => (thing(d).required = ['id']),
    [
      'GET /things: the answer 200, each item may lack "state" now.',
      'POST /things: the answer 201 may lack "state" now.',
    ],
  ],
  [
    'a field of answers that may be null now',
    (d) => (thing(d).properties!.id!.type = ['string', 'null']),
    [
      'GET /things: the answer 200, each item, field "id" can be null now.',
      'POST /things: the answer 201, field "id" can be null now.',
    ],
  ],
]

breaking.push([
  'a body of several kinds, of which none takes what was sent before',
  (d) => choose(d, { ...structuredClone(body(d)), required: ['name', 'state'] }, OTHER),
  ['POST /things: the request body must have "state" now.'],
])

test.each(breaking)('%s breaks', (_what, change, sentences) => {
  expect(breakingChanges(documentWith(), documentWith(change))).toEqual(sentences)
})

const harmless: [string, (document: ApiDocument) => void][] = [
  ['nothing', () => {}],
  ['a new operation', (d) => (d.paths['/more'] = { get: list(d) })],
  ['a new optional parameter', (d) => list(d).parameters!.push({ name: 'of', in: 'query', schema: {} })],
  ['a wider range', (d) => delete limit(d).schema.maximum],
  ['a new optional field of a body', (d) => (body(d).properties!.more = { type: 'string' })],
  ['a field that may be left out now', (d) => (body(d).required = [])],
  ['another value that is taken', (d) => body(d).properties!.state!.enum!.push('idle')],
  ['a new field of answers', (d) => (thing(d).properties!.more = { type: 'string' })],
  ['a field that answers always have now', (d) => thing(d).required!.push('note')],
  ['a new value in answers', (d) => thing(d).properties!.state!.enum!.push('idle')],
  ['a body that may be another thing as well', (d) => choose(d, structuredClone(body(d)), OTHER)],
  ['other words', (d) => (list(d).summary = 'Other')],
]

test.each(harmless)('%s breaks nothing', (_what, change) => {
  expect(breakingChanges(documentWith(), documentWith(change))).toEqual([])
})

test('schemas that refer to themselves are compared to their end', () => {
  const nested = (type: string) => (document: ApiDocument) =>
    Object.assign(thing(document).properties!, { child: { $ref: '#/components/schemas/Thing' }, size: { type } })
  expect(breakingChanges(documentWith(nested('integer')), documentWith(nested('string')))).toEqual([
    'GET /things: the answer 200, each item, field "size" can be string now.',
    'POST /things: the answer 201, field "size" can be string now.',
  ])
})

/** How to release: AGENTS.md. A change that has to break needs /v2. */
test('this release breaks nothing of the last one', () => {
  const read = (name: string): ApiDocument => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'))
  expect(breakingChanges(read('released.json'), read('openapi.json'))).toEqual([])
})
