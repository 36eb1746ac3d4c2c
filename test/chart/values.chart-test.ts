import { readFileSync } from 'node:fs'
import path from 'node:path'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { RELEASE } from '@berth/core/model/release.ts'
import { TierSpec } from '@berth/core/model/tier.ts'
import { clone } from '@berth/local/clone.ts'
import { expect, test } from 'vitest'
import { chartFile, chartYaml } from './chart.ts'

test('the tiers of the values are the default ones', () => {
  const { tiers } = chartYaml('values.yaml')
  const parsed = Object.entries(tiers).map(([name, spec]) => ({ name, spec: TierSpec.parse(spec) }))
  expect(parsed).toEqual(defaultTiers.map(({ metadata, spec }) => ({ name: metadata.name, spec })))
})

test('chart, package and code are of one release', () => {
  expect(JSON.parse(readFileSync(path.join(clone, 'package.json'), 'utf8')).version).toBe(RELEASE)
  expect(chartYaml('Chart.yaml')).toMatchObject({ version: RELEASE, appVersion: RELEASE })
})

test('the schema knows every value, and every value is in the schema', () => {
  const schema = JSON.parse(chartFile('values.schema.json'))
  expect(unknownTo(schema, chartYaml('values.yaml'), schema)).toEqual([])
  expect(missingIn(schema, chartYaml('values.yaml'), schema)).toEqual(['global'])
})

interface Schema {
  $ref?: string
  properties?: Record<string, Schema>
  $defs?: Record<string, Schema>
}

const resolve = (schema: Schema, root: Schema): Schema =>
  schema.$ref ? root.$defs![schema.$ref.split('/').at(-1)!]! : schema

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Paths of values that the schema does not name. */
function unknownTo(schema: Schema, values: unknown, root: Schema, at = ''): string[] {
  const { properties } = resolve(schema, root)
  if (!properties || !isObject(values)) return []
  return Object.entries(values).flatMap(([name, value]) => {
    const child = properties[name]
    return child ? unknownTo(child, value, root, `${at}${name}.`) : [`${at}${name}`]
  })
}

/** Paths of what the schema names and the values don't show. */
function missingIn(schema: Schema, values: unknown, root: Schema, at = ''): string[] {
  const { properties } = resolve(schema, root)
  if (!properties || !isObject(values)) return []
  return Object.entries(properties).flatMap(([name, child]) => {
    // Of a disruption budget one of the two is said.
    if (at.endsWith('podDisruptionBudget.')) return []
    return name in values ? missingIn(child, values[name], root, `${at}${name}.`) : [`${at}${name}`]
  })
}
