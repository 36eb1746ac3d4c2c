import type { Pod } from '@berth/core/model/builtin.ts'
import { describe, expect, it } from 'vitest'
import { maxPods, unschedulable } from './capacity.ts'

const GB = 1024 ** 3

describe('capacity', () => {
  it('grows with the memory, between what local mode needs and what a kubelet takes', () => {
    expect([1, 4, 16, 24, 512].map((size) => maxPods(size * GB))).toEqual([8, 8, 32, 48, 110])
  })

  it('tells a pod without room so, and since when', () => {
    const pod: Pod = { metadata: { name: 'w' }, spec: { containers: [] } }
    const first = unschedulable(pod, 8, new Date('2026-01-05T10:00:00Z'))
    expect(first).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      lastTransitionTime: '2026-01-05T10:00:00Z',
    })
    const later = unschedulable({ ...pod, status: { conditions: [first] } }, 8, new Date('2026-01-05T11:00:00Z'))
    expect(later.lastTransitionTime).toBe(first.lastTransitionTime)
  })
})
