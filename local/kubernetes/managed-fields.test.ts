import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FieldSet } from './field-set.ts'
import { applyConfig, trackUpdate, type Writer } from './managed-fields.ts'
import type { Json, KubeObject } from './object.ts'
import type { Schema } from './schema.ts'

const schema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        a: { type: 'string' },
        b: { type: 'integer' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        plain: { type: 'array', items: { type: 'string' } },
        keyed: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer' } } },
        },
      },
    },
  },
}

const rules = { schema, ignoresStatus: true, now: '2026-01-01T00:00:00Z' }
const empty: KubeObject = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x' } }

function config(spec: Json): KubeObject {
  return { ...empty, spec }
}

function applier(manager: string): Writer {
  return { manager, operation: 'Apply', apiVersion: 'v1' }
}

function apply(live: KubeObject, manager: string, spec: Json, force = false): KubeObject {
  return applyConfig(live, config(spec), applier(manager), { ...rules, force })
}

const word = fc.constantFrom('p', 'q', 'r')

/** A spec in which every part may be there or not. */
const anySpec = fc.record(
  {
    a: word,
    b: fc.nat(3),
    labels: fc.dictionary(word, word, { minKeys: 1 }),
    set: fc.uniqueArray(word, { minLength: 1 }),
    plain: fc.array(word),
    keyed: fc.uniqueArray(fc.record({ k: word, v: fc.nat(3) }), { minLength: 1, selector: (item) => item.k }),
  },
  { requiredKeys: [] },
)

test('applying the same again changes nothing', () => {
  fc.assert(
    fc.property(anySpec, anySpec, (first, other) => {
      const live = apply(apply(empty, 'm1', first), 'm2', other, true)
      const once = apply(live, 'm1', first, true)
      expect(apply(once, 'm1', first)).toEqual(once)
    }),
  )
})

test('what one manager applied is gone when it applies nothing; what another applied is all there', () => {
  fc.assert(
    fc.property(anySpec, anySpec, (mine, theirs) => {
      const alone = apply(empty, 'theirs', theirs)
      const both = apply(alone, 'mine', mine, true)
      const restored = apply(apply(both, 'theirs', theirs, true), 'mine', {})
      const contents = (object: KubeObject) => {
        const spec = object.spec as { keyed?: { k: string }[]; set?: string[] }
        return { ...spec, keyed: spec.keyed?.map((item) => JSON.stringify(item)).sort(), set: spec.set?.toSorted() }
      }
      expect(contents(restored)).toEqual(contents(alone))
    }),
  )
})

test('every applied field is in the object and in its manager’s entry', () => {
  fc.assert(
    fc.property(anySpec, anySpec, (before, spec) => {
      const object = apply(apply(empty, 'm1', before), 'm2', spec, true)
      const entry = object.metadata.managedFields!.find((candidate) => candidate.manager === 'm2')!
      const names = Object.keys(spec).map((name) => `f:${name}`)
      expect(
        Object.keys((entry.fieldsV1!['f:spec'] as Json) ?? {})
          .filter((name) => name !== '.')
          .sort(),
      ).toEqual(names.sort())
      if (spec.a) expect((object.spec as Json).a).toBe(spec.a)
      if (spec.plain) expect((object.spec as Json).plain).toEqual(spec.plain)
    }),
  )
})

test('without force a difference is refused, an agreement shared', () => {
  const live = apply(empty, 'm1', { a: 'p', b: 1 })
  expect(() => apply(live, 'm2', { b: 2 })).toThrow('Apply failed with 1 conflict: conflict with "m1": .spec.b')
  expect(apply(live, 'm2', { b: 1 }).metadata.managedFields).toHaveLength(2)
})

test('a value set back to what it was has an owner all the same', () => {
  const writer: Writer = { manager: 'hand', operation: 'Update', apiVersion: 'v1' }
  const created = trackUpdate(empty, config({ a: 'p' }), writer, rules)
  expect(created.metadata.managedFields![0]!.fieldsV1).toEqual({ 'f:spec': { '.': {}, 'f:a': {} } })
  const changed = trackUpdate(created, { ...created, spec: { a: 'q' } }, { ...writer, manager: 'other' }, rules)
  expect(changed.metadata.managedFields!.map((entry) => [entry.manager, entry.fieldsV1])).toEqual([
    ['hand', { 'f:spec': {} }],
    ['other', { 'f:spec': { 'f:a': {} } }],
  ])
})

test('more than ten updaters are joined, oldest first', () => {
  let object = config({})
  for (let index = 0; index < 14; index++) {
    const writer: Writer = { manager: `m${index}`, operation: 'Update', apiVersion: 'v1' }
    const next = { ...object, spec: { ...(object.spec as Json), labels: { ...labelsOf(object), [`l${index}`]: 'x' } } }
    object = trackUpdate(object, next, writer, { ...rules, now: `2026-01-01T00:00:${10 + index}Z` })
  }
  const managers = object.metadata.managedFields!.map((entry) => entry.manager)
  expect(managers).toHaveLength(10)
  expect(managers).toContain('ancient-changes')
  expect(managers).toContain('m13')
})

function labelsOf(object: KubeObject): Json {
  return ((object.spec as Json).labels ?? {}) as Json
}

test('a set of fields survives its JSON form', () => {
  const fields = { 'f:spec': { '.': {}, 'f:a': {}, 'k:{"k":"p"}': { '.': {}, 'f:v': {} }, 'v:"x"': {} } }
  expect(FieldSet.fromFieldsV1(fields).toFieldsV1()).toEqual(fields)
})
