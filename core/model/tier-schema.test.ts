import { expect, test } from 'vitest'
import { tierSchema } from './tier-schema.ts'

// biome-ignore lint/suspicious/noExplicitAny: looked into, not validated
const schema = tierSchema() as any

test('refuses fields that there are not, at every level', () => {
  expect(schema.additionalProperties).toBe(false)
  expect(schema.properties.workers.additionalProperties).toBe(false)
  expect(schema.properties.workers.properties.template.additionalProperties).toBe(false)
})

test('asks only for what people must write', () => {
  expect(schema.required.sort()).toEqual(['displayName', 'limits', 'placement', 'price', 'sla', 'workers'])
  expect(schema.properties.placement.required).toEqual(['mode'])
})

test('says in its own words the rules that are patterns, and no CEL', () => {
  expect(schema.properties.price.properties.amount.pattern).toBe('^[0-9]+([.][0-9]{1,2})?$')
  expect(JSON.stringify(schema)).not.toContain('x-kubernetes')
})
