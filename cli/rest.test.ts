import { SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { expect, test } from 'vitest'
import { atRest } from './rest.ts'

const NOW = new Date('2026-01-02T03:04:05Z')
const at = (time: string, type: string) => ({
  type,
  status: 'True',
  reason: type,
  message: '',
  lastTransitionTime: time,
})
const object = (status?: object): KubeObject => ({ metadata: { name: 'a', generation: 7 }, status }) as KubeObject

test("a session's status is the operator's part, with nothing lost but that it is ready", () => {
  const placement = { worker: 'w', podUID: 'p', generation: 2, boundAt: '2026-01-01T00:00:00Z' }
  const conditions = [at('2026-01-01T00:00:00Z', 'Ready'), at('2026-01-01T00:00:00Z', 'Connected')]
  const connection = { state: 'Connected', since: '2026-01-01T00:00:00Z', epoch: 3 }
  expect(atRest(SessionKind, object({ id: 'i', placement, connection, conditions }), NOW)).toEqual({
    id: 'i',
    placement,
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'Uninstalled',
        message: expect.stringContaining('without a new QR'),
        observedGeneration: 7,
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
    ],
  })
})

test('counts of what runs are zero, all else stays', () => {
  const sessions = { desired: 3, connected: 2, limit: 5 }
  expect(atRest(TenantKind, object({ id: 't', worker: 'w', sessions }), NOW)).toEqual({
    id: 't',
    worker: 'w',
    sessions: { desired: 3, connected: 0, limit: 5 },
  })
  const tier = { workers: 2, readyWorkers: 2, updatedWorkers: 1, sessions: 4, connectedSessions: 3, tenants: 2 }
  expect(atRest(TierKind, object(tier), NOW)).toEqual({
    ...{ workers: 0, readyWorkers: 0, updatedWorkers: 0, sessions: 4, connectedSessions: 0, tenants: 2 },
  })
})

test('nothing is said of what nobody has looked at yet', () => {
  for (const kind of [SessionKind, TenantKind, TierKind]) expect(atRest(kind, object(), NOW)).toBeUndefined()
  expect(() => atRest(WorkerKind, object({}), NOW)).toThrow('Worker')
})
