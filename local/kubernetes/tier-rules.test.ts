// The rules of the real Tier, as the API server applies them.
import { crdOf } from '@berth/core/model/crd.ts'
import { definitions } from '@berth/core/model/crds.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { expect, test } from 'vitest'
import { brokenRules } from './cel.ts'
import type { Schema } from './schema.ts'

interface TierCrd {
  spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] }
}

const definition = definitions.find(({ singular }) => singular === 'tier')!
const schema = (crdOf(definition) as unknown as TierCrd).spec.versions[0].schema.openAPIV3Schema

/** What the API server says to a tier with these numbers of workers. */
function refusals(workers: { max: number; replicas?: number }): string[] {
  const tier = structuredClone(defaultTiers[0]!)
  Object.assign(tier.spec.workers, workers)
  return brokenRules(tier, undefined, schema).map(({ message }) => message)
}

test('scaling by hand stays within the most workers that the tier may have', () => {
  expect(refusals({ max: 20 })).toEqual([])
  expect(refusals({ max: 20, replicas: 20 })).toEqual([])
  expect(refusals({ max: 20, replicas: 21 })).toEqual([
    expect.stringContaining('replicas must not exceed max: raise spec.workers.max first'),
  ])
})
