/** What schemas and their rules refuse, in the words of a real kube-apiserver. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, type Json, makeNamespace, startCluster } from './cluster.ts'
import { installThings, removeThings, type Things } from './thing.ts'

let cluster: Cluster
let things: Things

beforeAll(async () => {
  cluster = await startCluster()
  things = await installThings(cluster, 'validthings', await makeNamespace(cluster))
})

afterAll(async () => {
  await removeThings(cluster, things)
  await cluster.close()
})

describe('a wrong field is named with what was expected', () => {
  const cases: [Json, string][] = [
    [{ tenant: '' }, 'spec.tenant: Invalid value: "": spec.tenant in body should be at least 1 chars long'],
    [{ tenant: 'a'.repeat(21) }, 'spec.tenant: Too long: may not be more than 20 bytes'],
    [{}, 'spec.tenant: Required value'],
    [
      { tenant: 't', replicas: -1 },
      'spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0',
    ],
    [
      { tenant: 't', limit: 0 },
      'spec.limit: Invalid value: 0: spec.limit in body should be greater than or equal to 1',
    ],
    [{ tenant: 't', ratio: 1 }, 'spec.ratio: Invalid value: 1: spec.ratio in body should be less than 1'],
    [{ tenant: 't', state: 'X' }, 'spec.state: Unsupported value: "X": supported values: "Active", "Suspended"'],
    [
      { tenant: 't', port: true },
      'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
    [{ tenant: 't', code: 'A1' }, 'spec.code: Invalid value: "A1": spec.code in body should match \'^[a-z]+$\''],
    [{ tenant: 't', at: 'x' }, 'spec.at: Invalid value: "x": spec.at in body must be of type date-time: "x"'],
    [
      { tenant: 't', steps: 'x' },
      'spec.steps: Invalid value: "string": spec.steps in body must be of type array: "string"',
    ],
    [{ tenant: 't', tags: ['1', '2', '3', '4'] }, 'spec.tags: Too many: 4: must have at most 3 items'],
    [{ tenant: 't', tags: ['a', 'a'] }, 'spec.tags[1]: Duplicate value: "a"'],
    [{ tenant: 't', labels: { a: '1', b: '2', c: '3' } }, 'spec.labels: Too many: 3: must have at most 2 items'],
    [{ tenant: 't', hooks: [{ url: 'u' }, { url: 'u' }] }, 'spec.hooks[1]: Duplicate value: {"url":"u"}'],
    [{ tenant: 't', hooks: [{ retries: 1 }] }, 'spec.hooks[0].url: Required value'],
  ]
  test.each(cases)('%j', async (spec, message) => {
    const answer = await cluster.post(things.path(), things.make('wrong', spec))
    expect(answer).toMatchObject({
      code: 422,
      body: { reason: 'Invalid', details: { name: 'wrong', kind: things.kind } },
    })
    expect(answer.body.message).toContain(`${things.kind}.suite.berth.dev "wrong" is invalid: `)
    expect(answer.body.message).toContain(message)
    const [field, text] = [message.slice(0, message.indexOf(': ')), message.slice(message.indexOf(': ') + 2)]
    expect(answer.body.details.causes).toContainEqual(expect.objectContaining({ field, message: text }))
  })
})

test('what is allowed is kept as it was written', async () => {
  const spec = {
    tenant: 't',
    replicas: 0,
    state: 'Active',
    ratio: 0.5,
    port: 'http',
    code: null,
    at: '2026-01-02T03:04:05Z',
    free: { any: [{ thing: 1.5 }], none: {} },
    tags: [],
    labels: { 'a.b/c': '' },
    point: { x: 1 },
  }
  const { code, body } = await cluster.post(things.path(), things.make('right', spec))
  expect(code).toBe(201)
  expect(body.spec).toEqual(spec)
})

test('nested defaults fill what is there, not what is not', async () => {
  const { body } = await cluster.post(things.path(), things.make('deep', { tenant: 't', inner: { deep: {} } }))
  expect(body.spec.inner).toEqual({ deep: { c: 3 } })
})

describe('rules', () => {
  test('compare fields, with their message', async () => {
    const answer = await cluster.post(things.path(), things.make('r1', { tenant: 't', limit: 101 }))
    expect(answer.code).toBe(422)
    expect(answer.body.details.causes).toEqual([
      { reason: 'FieldValueInvalid', message: 'Invalid value: limit must be at most 100', field: 'spec' },
    ])
  })

  test('may compute the message and choose field and reason', async () => {
    const answer = await cluster.post(things.path(), things.make('r2', { tenant: 't', limit: 13 }))
    expect(answer.body.details.causes).toEqual([
      { reason: 'FieldValueForbidden', message: 'Forbidden: limit of t is unlucky', field: 'spec.limit' },
    ])
  })

  test('about the change see the old value', async () => {
    await cluster.post(things.path(), things.make('r3', { tenant: 't' }))
    const answer = await cluster.patch(things.path('r3'), { spec: { tenant: 'other' } })
    expect(answer.body.message).toContain('spec.tenant: Invalid value: "other": tenant is immutable')
  })

  test('may take the absence of an old value into account', async () => {
    const answer = await cluster.post(things.path(), things.make('r4', { tenant: 't', state: 'Suspended' }))
    expect(answer.body.message).toContain('spec: Invalid value: must start as Active')
    await cluster.post(things.path(), things.make('r4', { tenant: 't' }))
    expect((await cluster.patch(things.path('r4'), { spec: { state: 'Suspended' } })).code).toBe(200)
  })

  test('hold for the status too, through its own endpoint', async () => {
    await cluster.post(things.path(), things.make('r5', { tenant: 't' }))
    const path = things.path('r5', 'status')
    expect((await cluster.patch(path, { status: { epoch: 5 } })).code).toBe(200)
    const fallen = await cluster.patch(path, { status: { epoch: 4 } })
    expect(fallen).toMatchObject({ code: 422 })
    expect(fallen.body.message).toContain('status: Invalid value: epoch never falls')
    expect((await cluster.patch(path, { status: { epoch: 6 } })).code).toBe(200)
  })

  test('are not asked about what they rely on and is missing', async () => {
    const answer = await cluster.post(things.path(), things.make('r6', { limit: 101 }))
    expect(answer.body.message).toContain('some validation rules were not checked because the object was invalid')
    expect(answer.body.message).not.toContain('limit must be at most 100')
  })

  test('are asked beside a value that is merely wrong', async () => {
    const answer = await cluster.post(things.path(), things.make('r7', { tenant: '', limit: 101 }))
    expect(answer.body.message).toContain('should be at least 1 chars long')
    expect(answer.body.message).toContain('limit must be at most 100')
  })
})
