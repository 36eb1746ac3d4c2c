/** Server-side apply: who owns what, who is in whose way, and what goes when nobody applies it any more. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Body, type Cluster, type Json, makeNamespace, startCluster } from './cluster.ts'
import { installThings, removeThings, type Things } from './thing.ts'

let cluster: Cluster
let things: Things

beforeAll(async () => {
  cluster = await startCluster()
  things = await installThings(cluster, 'appliedthings', await makeNamespace(cluster))
})

afterAll(async () => {
  await removeThings(cluster, things)
  await cluster.close()
})

const apply = (name: string, manager: string, spec: Json, force = false) =>
  cluster.apply(things.path(name), manager, things.make(name, spec), force)

const applyStatus = (name: string, manager: string, status: Json, force = false) =>
  cluster.apply(things.path(name, 'status'), manager, things.status(name, status), force)

/** The fields of one manager's entry. */
function owned(object: Body, manager: string, operation = 'Apply'): Json | undefined {
  const entries: { manager: string; operation: string; fieldsV1: Json }[] = object.metadata.managedFields ?? []
  return entries.find((entry) => entry.manager === manager && entry.operation === operation)?.fieldsV1
}

test('the first apply creates, owns what it says, and not the defaults', async () => {
  const { code, body } = await apply('first', 'm1', {
    tenant: 't',
    inner: { a: '1' },
    tags: ['x'],
    hooks: [{ url: 'u' }],
  })
  expect(code).toBe(201)
  expect(body.spec).toMatchObject({ replicas: 1, state: 'Active' })
  expect(owned(body, 'm1')).toEqual({
    'f:spec': {
      'f:tenant': {},
      'f:inner': { 'f:a': {} },
      'f:tags': { 'v:"x"': {} },
      'f:hooks': { 'k:{"url":"u"}': { '.': {}, 'f:url': {} } },
    },
  })
})

test('the same again changes nothing', async () => {
  const first = await apply('same', 'm1', { tenant: 't', limit: 3 })
  const second = await apply('same', 'm1', { tenant: 't', limit: 3 })
  expect(second).toMatchObject({ code: 200, body: first.body })
})

test('somebody else’s field is refused by name, and taken by force', async () => {
  await apply('fight', 'm1', { tenant: 't', limit: 3, steps: ['a'] })
  const refused = await apply('fight', 'm2', { tenant: 't', limit: 4, steps: ['b'] })
  expect(refused).toMatchObject({ code: 409, body: { reason: 'Conflict' } })
  expect(refused.body.message).toBe('Apply failed with 2 conflicts: conflicts with "m1":\n- .spec.limit\n- .spec.steps')
  expect(refused.body.details.causes).toEqual([
    { reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.spec.limit' },
    { reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.spec.steps' },
  ])
  const forced = await apply('fight', 'm2', { tenant: 't', limit: 4, steps: ['b'] }, true)
  expect(forced.body.spec).toMatchObject({ limit: 4, steps: ['b'] })
  expect(owned(forced.body, 'm1')).toEqual({ 'f:spec': { 'f:tenant': {} } })
  expect(owned(forced.body, 'm2')).toEqual({ 'f:spec': { 'f:tenant': {}, 'f:limit': {}, 'f:steps': {} } })
})

test('a conflict with an updater names its version', async () => {
  await apply('updated', 'm1', { tenant: 't' })
  await cluster.patch(`${things.path('updated')}?fieldManager=hand`, { spec: { limit: 9 } })
  const refused = await apply('updated', 'm1', { tenant: 't', limit: 3 })
  expect(refused.body.message).toBe(
    'Apply failed with 1 conflict: conflict with "hand" using suite.berth.dev/v1: .spec.limit',
  )
  const forced = await apply('updated', 'm1', { tenant: 't', limit: 3 }, true)
  expect(owned(forced.body, 'hand', 'Update')).toBeUndefined()
})

test('agreeing is not a conflict: both own the field', async () => {
  await apply('agreed', 'm1', { tenant: 't', limit: 3 })
  const { body } = await apply('agreed', 'm2', { tenant: 't', limit: 3 })
  expect(owned(body, 'm1')).toEqual(owned(body, 'm2'))
  const left = await apply('agreed', 'm2', { tenant: 't' })
  expect(left.body.spec.limit).toBe(3)
  const gone = await apply('agreed', 'm1', { tenant: 't' })
  expect(gone.body.spec.limit).toBeUndefined()
})

test('what is not applied any more goes; what others own or nobody owned stays', async () => {
  await apply('less', 'm1', { tenant: 't', inner: { a: '1' }, hooks: [{ url: 'u1' }, { url: 'u2' }], tags: ['x', 'y'] })
  await cluster.patch(`${things.path('less')}?fieldManager=hand`, { spec: { inner: { b: '2' } } })
  const { body } = await apply('less', 'm1', { tenant: 't', hooks: [{ url: 'u2' }], tags: ['y'] })
  expect(body.spec).toEqual({
    tenant: 't',
    replicas: 1,
    state: 'Active',
    inner: { b: '2' },
    hooks: [{ url: 'u2', retries: 2 }],
    tags: ['y'],
  })
})

test('a defaulted field that was applied falls back to its default', async () => {
  await apply('fallback', 'm1', { tenant: 't', replicas: 5 })
  const { body } = await apply('fallback', 'm1', { tenant: 't' })
  expect(body.spec.replicas).toBe(1)
})

test('an update takes the fields that it changes from their appliers', async () => {
  await apply('taken', 'm1', { tenant: 't', limit: 3 })
  const { body } = await cluster.patch(`${things.path('taken')}?fieldManager=hand`, { spec: { limit: 4 } })
  expect(owned(body, 'm1')).toEqual({ 'f:spec': { 'f:tenant': {} } })
  expect(owned(body, 'hand', 'Update')).toEqual({ 'f:spec': { 'f:limit': {} } })
  const unapplied = await apply('taken', 'm1', { tenant: 't' })
  expect(unapplied.body.spec.limit).toBe(4)
})

test('keyed lists join, sets join, other lists and atomic maps are replaced', async () => {
  await apply('lists', 'm1', { tenant: 't', hooks: [{ url: 'a' }], tags: ['x'], point: { x: 1 }, steps: ['1'] })
  const { body } = await apply(
    'lists',
    'm2',
    { tenant: 't', hooks: [{ url: 'b', retries: 7 }], tags: ['z'], point: { y: 2 }, steps: ['2'] },
    true,
  )
  expect(body.spec).toMatchObject({
    hooks: [
      { url: 'a', retries: 2 },
      { url: 'b', retries: 7 },
    ],
    tags: ['x', 'z'],
    point: { y: 2 },
    steps: ['2'],
  })
  expect(body.spec.point).toEqual({ y: 2 })
})

test('the status has owners of its own, and conditions join by their type', async () => {
  await apply('conditions', 'm1', { tenant: 't' })
  await applyStatus('conditions', 'operator', { phase: 'A', conditions: [{ type: 'Placed', status: 'True' }] })
  const { body } = await applyStatus('conditions', 'worker', {
    worker: 'w',
    conditions: [{ type: 'Ready', status: 'True' }],
  })
  expect(body.status.conditions.map((entry: { type: string }) => entry.type)).toEqual(['Placed', 'Ready'])
  const entries = body.metadata.managedFields.map((entry: Json) => `${entry.manager}/${entry.subresource ?? ''}`)
  expect(entries.sort()).toEqual(['m1/', 'operator/status', 'worker/status'])
  const refused = await applyStatus('conditions', 'worker', {
    phase: 'B',
    conditions: [{ type: 'Placed', status: 'False' }],
  })
  expect(refused.body.message).toBe(
    'Apply failed with 2 conflicts: conflicts with "operator" with subresource "status":\n- .status.phase\n- .status.conditions[type="Placed"].status',
  )
  const withdrawn = await applyStatus('conditions', 'operator', { phase: 'A' })
  expect(withdrawn.body.status.conditions).toEqual([{ type: 'Ready', status: 'True' }])
})

test('a status in an applied object is not its endpoint’s, and a spec in an applied status neither', async () => {
  await apply('apart', 'm1', { tenant: 't' })
  const object = await cluster.apply(things.path('apart'), 'm1', {
    ...things.make('apart', { tenant: 't' }),
    status: { phase: 'x' },
  })
  expect(object.body.status).toBeUndefined()
  const status = { ...things.status('apart', { phase: 'y' }), spec: { limit: 7 } }
  const written = await cluster.apply(things.path('apart', 'status'), 'm1', status)
  expect(written.body).toMatchObject({ status: { phase: 'y' } })
  expect(written.body.spec.limit).toBeUndefined()
})

test('a resource version in what is applied is a lock', async () => {
  const first = await apply('versioned', 'm1', { tenant: 't' })
  await cluster.patch(things.path('versioned'), { spec: { steps: ['x'] } })
  const { resourceVersion } = first.body.metadata
  const stale = things.make('versioned', { tenant: 't', limit: 5 }, { resourceVersion })
  expect(await cluster.apply(things.path('versioned'), 'm1', stale)).toMatchObject({
    code: 409,
    body: { reason: 'Conflict' },
  })
})

test('the name of the manager, known fields and keys are asked for', async () => {
  const body = things.make('asked', { tenant: 't' })
  const nameless = await cluster.patch(things.path('asked'), body, 'application/apply-patch+yaml')
  expect(nameless).toMatchObject({ code: 422 })
  expect(nameless.body.message).toContain('fieldManager: Required value: is required for apply patch')
  const unknown = await apply('asked', 'm1', { tenant: 't', bogus: 1 })
  expect(unknown.code).toBe(500)
  expect(unknown.body.message).toContain('.spec.bogus: field not declared in schema')
  const doubled = await apply('asked', 'm1', { tenant: 't', hooks: [{ url: 'u' }, { url: 'u' }] })
  expect(doubled.body.message).toContain('.spec.hooks: duplicate entries for key [url="u"]')
})

test('what an update wrote before anybody applied belongs to its writer', async () => {
  await cluster.post(`${things.path()}?fieldManager=maker`, things.make('made', { tenant: 't', limit: 2 }))
  const refused = await apply('made', 'm1', { tenant: 't', limit: 3 })
  expect(refused.body.message).toContain('conflict with "maker" using suite.berth.dev/v1')
})

test('an emptied list of owners forgets them; the next apply meets the unknown ones', async () => {
  await apply('forgotten', 'm1', { tenant: 't', limit: 2 })
  const emptied = await cluster.patch(things.path('forgotten'), { metadata: { managedFields: [{}] } })
  expect(emptied.body.metadata.managedFields).toBeUndefined()
  const refused = await apply('forgotten', 'm1', { tenant: 't', limit: 3 })
  expect(refused.body.message).toContain('conflict with "before-first-apply" using suite.berth.dev/v1')
})
