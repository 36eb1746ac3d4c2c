import type { Node, Pod } from '@berth/core/model/builtin.ts'
import { expect, test } from 'vitest'
import { hostsOf, usableNodes } from './nodes.ts'

const ready = (status: 'True' | 'False' = 'True') => ({ conditions: [{ type: 'Ready', status }] })
const node = (name: string, more: Partial<Node> = {}): Node => ({
  metadata: { name, labels: { disk: 'fast' } },
  status: ready(),
  ...more,
})

test.each<[string, Partial<Node>]>([
  ['is not ready', { status: ready('False') }],
  ['has not said anything', { status: undefined }],
  ['is cordoned', { spec: { unschedulable: true } }],
  ['is kept free', { spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] } }],
  ['has other labels', { metadata: { name: 'b', labels: { disk: 'slow' } } }],
])('a node that %s takes no workers', (_, more) => {
  expect(usableNodes([node('c'), node('b', more), node('a')], { disk: 'fast' })).toEqual(['a', 'c'])
})

test('a node that others are preferred to takes workers', () => {
  const spec = { taints: [{ key: 'spot', effect: 'PreferNoSchedule' }] }
  expect(usableNodes([node('a', { spec })], {})).toEqual(['a'])
})

test('pods tell of the nodes that they are ready on', () => {
  const pod = (nodeName: string, more: Partial<Pod> = {}): Pod => ({
    metadata: { name: `on-${nodeName}` },
    spec: { nodeName, containers: [] },
    status: ready(),
    ...more,
  })
  const leaving = { metadata: { name: 'x', deletionTimestamp: '2026-01-01T00:00:00Z' } }
  expect(hostsOf([pod('b'), pod('a'), pod('b'), pod('c', leaving), pod('d', { status: ready('False') })])).toEqual([
    'a',
    'b',
  ])
})
