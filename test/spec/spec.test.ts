/**
 * Every field of every spec: set to another value, to a wrong one, removed and set back. The end is always that of an
 * installation that was told so from the beginning. Fields with the same effect are changed together; with BERTH_FULL=1 each
 * one alone.
 */
import { getCondition } from '@berth/core/kube/conditions.ts'
import { type Kind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { Condition, KubeObject } from '@berth/core/model/meta.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { collections, openResources, type Resources } from '@berth/operator/resources.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Customer, type Values } from '../operator/customer.ts'
import { type Part, untilSame } from '../operator/end-state.ts'
import { Installation, PATIENCE } from '../operator/installation.ts'
import { changesOf } from './changes.ts'
import { fieldsOf, inside, isLeaf, outside } from './fields.ts'

import { table } from './table.ts'

let berth: Installation
let view: Resources
/** By kind; never changed. */
let bases: Map<Kind, Customer>

beforeAll(async () => {
  berth = await Installation.start()
  berth.startOperator()
  view = openResources(berth.cluster.client, createLogger('test').child({}, { level: 'silent' }), () => {})
  for (const collection of collections(view)) collection.start()
  await Promise.all(collections(view).map(({ synced }) => synced))
  const [plain, forTenants] = await Promise.all([install(TierKind), install(TenantKind)])
  bases = new Map(table.map(([kind]) => [kind, kind === TenantKind ? forTenants : plain]))
})
afterAll(async () => {
  await Promise.all(collections(view ?? {}).map((collection) => collection.stop()))
  await berth?.close()
})

const install = (kind: Kind, values?: Values) => Customer.install(berth, view, kind, values)

const untilLike = (customer: Customer, model: Customer): Promise<void> =>
  untilSame(berth, async () => [await customer.state(), await model.state()])

type Conditioned = KubeObject & { status?: { conditions?: Condition[] } }

/** Waits until exactly these parts, beside the specs, are not those of the other one. */
async function untilDiffering(one: Customer, other: Customer, parts: readonly Part[]): Promise<void> {
  let differing: Part[] = []
  await berth
    .until(
      'the parts that differ',
      async () => {
        const [a, b] = await Promise.all([one.state(), other.state()])
        const all = Object.keys(a) as Part[]
        differing = all.filter((part) => part !== 'specs' && JSON.stringify(a[part]) !== JSON.stringify(b[part]))
        return differing.join() === parts.join()
      },
      { everyMs: 200 },
    )
    .catch(() => expect(differing).toEqual(parts))
}

describe.concurrent.each(table.map(([kind, entries]) => ({ name: kind.kind, kind, entries })))(
  '$name',
  ({ kind, entries }) => {
    const fields = fieldsOf(kind)
    const base = () => bases.get(kind)!

    test('every field has an entry, and every entry a field; one with an alternative is changed', () => {
      expect(Object.keys(entries).sort()).toEqual(fields.map(({ path }) => path).sort())
      const unchanged = fields.filter((field) => isLeaf(field) && entries[field.path]?.other === undefined)
      const free = unchanged.filter(({ path, schema }) => schema.enum?.length !== 1 && !entries[path]?.byOperator)
      expect(free.filter(({ path }) => !entries[path]?.refused).map(({ path }) => path)).toEqual([])
    })

    test.concurrent(
      'what is wrong is refused, with the field and what to do, and changes nothing',
      PATIENCE,
      async () => {
        const customer = await install(kind)
        await untilLike(customer, base())
        const refuse = async (path: string, value: unknown, words: unknown) =>
          expect([path, value, await customer.refusal(kind, { [path]: value })]).toEqual([path, value, words])
        for (const { path, schema, isRequired } of fields) {
          for (const value of outside(schema)) await refuse(path, value, expect.stringContaining(`spec.${path}`))
          for (const [value, words] of entries[path]?.refused ?? [])
            await refuse(path, value, expect.stringMatching(words))
          if (isRequired) await refuse(path, null, expect.stringContaining('Required value'))
        }
        await untilLike(customer, base())
        await customer.remove()
      },
    )

    test.concurrent('what the bounds allow is taken', PATIENCE, async () => {
      for (const { path, schema } of fields) {
        for (const value of inside(schema)) {
          if (entries[path]?.refused?.some(([refused]) => refused === value)) continue
          const said = await base().refusal(
            kind,
            { ...entries[path]?.along, ...entries[path]?.roomy, [path]: value },
            { dryRun: true },
          )
          expect([path, value, said]).toEqual([path, value, undefined])
        }
      }
    })

    test.concurrent.each(changesOf(kind, entries))('$name', PATIENCE, async ({ values, shows, removable, oneWay }) => {
      const customer = await install(kind)
      await untilLike(customer, base())
      const original = await customer.values(kind, Object.keys(values))
      await customer.change(kind, values)
      // Workers are made by the operator, and never so from the beginning.
      if (kind !== WorkerKind) {
        const model = await install(kind, values)
        await untilLike(customer, model)
        await untilDiffering(model, base(), shows)
        await model.remove()
      }
      if (removable.length > 0) {
        const removal = Object.fromEntries(removable.map((path) => [path, null]))
        if (oneWay) expect(await customer.refusal(kind, removal)).toMatch(oneWay)
        else {
          await customer.change(kind, removal)
          const model = kind === WorkerKind ? base() : await install(kind, { ...values, ...removal })
          await untilLike(customer, model)
          if (model !== base()) await model.remove()
        }
      }
      if (!oneWay) {
        await customer.change(kind, original)
        await untilLike(customer, base())
      }
      await customer.remove()
    })

    const troubles = Object.entries(entries).flatMap(([path, { trouble }]) => (trouble ? [{ path, trouble }] : []))
    test.concurrent.for(troubles)(
      '$path: nothing moves for $trouble.value, and somebody says so',
      PATIENCE,
      async ({ path, trouble }) => {
        const customer = await install(kind)
        await untilLike(customer, base())
        const places = await customer.places()
        const values = { [path]: trouble.value, ...trouble.along }
        const original = await customer.values(kind, Object.keys(values))
        await customer.change(kind, values)
        await berth.until(`the condition ${trouble.reason}`, async () => {
          const { status } = (await customer.get(trouble.kind)) as Conditioned
          const condition = getCondition(status?.conditions, trouble.condition)
          return condition?.status === 'False' && condition.reason === trouble.reason
        })
        expect(await customer.places()).toEqual(places)
        await customer.change(kind, original)
        await untilLike(customer, base())
        expect(await customer.places()).toEqual(places)
        await customer.remove()
      },
    )
  },
)
