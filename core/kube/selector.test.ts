import { expect, test } from 'vitest'
import { compileSelectors } from './selector.ts'

const object = {
  metadata: { name: 'a', namespace: 'n', labels: { tier: 'pro', 'berth.dev/zone': '' } },
  status: { placement: { worker: 'w1', generation: 3 } },
}

test.each([
  ['tier=pro', true],
  ['tier==pro,!dedicated', true],
  ['tier!=pro', false],
  ['other!=x', true],
  ['berth.dev/zone', true],
  ['berth.dev/zone=', true],
  ['!tier', false],
  ['tier in (basic, pro)', true],
  ['tier notin (basic,pro), berth.dev/zone', false],
  ['other notin (x)', true],
  ['other in (x)', false],
])('label selector %s: %s', (labelSelector, expected) => {
  expect(compileSelectors({ labelSelector })(object)).toBe(expected)
})

test.each([
  ['metadata.name=a', true],
  ['status.placement.worker=w1,metadata.namespace=n', true],
  ['status.placement.worker!=w1', false],
  ['status.placement.generation=3', true],
  ['status.connection.state=', true],
  ['status.connection.state=Open', false],
])('field selector %s: %s', (fieldSelector, expected) => {
  expect(compileSelectors({ fieldSelector })(object)).toBe(expected)
})

test('no selector picks everything; a broken one is refused', () => {
  expect(compileSelectors({})(object)).toBe(true)
  expect(() => compileSelectors({ fieldSelector: 'metadata.name' })).toThrow('metadata.name')
})
