import { SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { expect, test } from 'vitest'
import { atRest } from './rest.ts'

const NOW = new Date('2026-01-02T03:04:05Z')
const BEFORE = '2026-01-01T00:00:00Z'
const at = (time: string, type: string) => ({
  type,
  status: 'True',
  reason: type,
  message: '',
  lastTransitionTime: time,
})
const object = (status?: object): KubeObject => ({ metadata: { name: 'a', generation: 7 }, status }) as KubeObject

const uninstalled = (type: string) => ({
  type,
  status: 'False',
  reason: 'Uninstalled',
  message: expect.stringContaining('without a new QR'),
  observedGeneration: 7,
  lastTransitionTime: '2026-01-02T03:04:05Z',
})

test('of a session both say in their parts that nothing runs, and nothing else of it is lost', () => {
  const placement = { worker: 'w', podUID: 'p', generation: 2, boundAt: BEFORE }
  const conditions = [at(BEFORE, 'Ready'), at(BEFORE, 'Linked'), at(BEFORE, 'Connected')]
  const connection = { state: 'Connected', since: BEFORE, epoch: 3, phoneNumber: '+5511900000001' }
  expect(atRest(SessionKind, object({ id: 'i', placement, connection, conditions }), NOW)).toEqual([
    { manager: 'berth-operator', status: { id: 'i', placement, conditions: [uninstalled('Ready')] } },
    {
      manager: 'berth-worker',
      status: {
        connection: {
          ...connection,
          state: 'Disconnected',
          since: '2026-01-02T03:04:05Z',
          reason: 'Uninstalled',
          message: expect.stringContaining('without a new QR'),
        },
        conditions: [at(BEFORE, 'Linked'), uninstalled('Connected')],
      },
    },
  ])
})

test('of a session that no worker has held, only the operator speaks', () => {
  const parts = atRest(SessionKind, object({ id: 'i', conditions: [] }), NOW)
  expect(parts).toEqual([{ manager: 'berth-operator', status: { id: 'i', conditions: [uninstalled('Ready')] } }])
})

test('counts of what runs are zero, all else stays', () => {
  const sessions = { desired: 3, connected: 2, limit: 5 }
  expect(atRest(TenantKind, object({ id: 't', worker: 'w', sessions }), NOW)).toEqual([
    {
      manager: 'berth-operator',
      status: { id: 't', worker: 'w', sessions: { desired: 3, connected: 0, limit: 5 } },
    },
  ])
  const tier = { workers: 2, readyWorkers: 2, updatedWorkers: 1, sessions: 4, connectedSessions: 3, tenants: 2 }
  const zero = { workers: 0, readyWorkers: 0, updatedWorkers: 0, connectedSessions: 0 }
  expect(atRest(TierKind, object(tier), NOW)).toEqual([{ manager: 'berth-operator', status: { ...tier, ...zero } }])
})

test('nothing is said of what nobody has looked at yet', () => {
  for (const kind of [SessionKind, TenantKind, TierKind]) expect(atRest(kind, object(), NOW)).toEqual([])
  expect(() => atRest(WorkerKind, object({}), NOW)).toThrow('Worker')
})
