import { defaultTiers } from '@berth/core/model/defaults.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { type Tenant, TenantSpec } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import { type Worker, WorkerSpec } from '@berth/core/model/worker.ts'
import { expect, test } from 'vitest'
import { explainTenant, explainTier, explainWorker, type Overview } from './overview.ts'
import { overviewText } from './text.ts'

const NOW = new Date('2026-01-01T12:00:00Z')
const says = (type: string, reason: string, message: string): Condition => {
  return { type, status: 'False', reason, message, lastTransitionTime: '2026-01-01T11:00:00Z' }
}
const pro: Tier = {
  ...defaultTiers.find(({ metadata }) => metadata.name === 'pro')!,
  status: {
    workers: 2,
    readyWorkers: 1,
    wantedWorkers: 3,
    tenants: 21,
    conditions: [
      says('Ready', 'NoCapacity', '4 sessions wait for a worker.'),
      says('ScalingActive', 'AtMax', '3 workers are needed, and spec.workers.max allows 2: raise it.'),
    ],
  },
}
const worker = (name: string, tier = 'pro'): Worker => ({
  metadata: { name, uid: name },
  spec: WorkerSpec.parse({ tier }),
  status: {
    tenants: 1,
    node: 'n1',
    capacity: { tenants: 10, sessions: 1000 },
    load: { messagesPerSecond: 240, loopLagMs: 20, memoryPercent: 40, percentOfTarget: 120 },
    conditions: [says('Ready', 'Busy', 'It is over the target of its tier.')],
  },
})
const session = (name: string, reason: string, at: string): WhatsAppSession => ({
  metadata: { name },
  spec: SessionSpec.parse({ tenant: 'acme' }),
  status: {
    placement: { worker: at, podUID: 'pod', generation: 1, boundAt: '2026-01-01T11:00:00Z' },
    conditions: [says('Ready', reason, `${reason}.`)],
  },
})
const sessions = [
  session('a', 'Connected', 'pro-a'),
  session('b', 'WaitingForScan', 'pro-a'),
  session('c', 'LoggedOut', 'pro-b'),
]
const text = (overview: Overview): string => overviewText(overview, NOW)

test('a tier: who decides on its workers, what stands in the way, and how busy they are', () => {
  const said = text(explainTier(pro, [worker('pro-a'), worker('basic-a', 'basic')], []))
  expect(said).toMatch(/^pro: NoCapacity\n {2}4 sessions wait for a worker\./)
  expect(said).toContain('2, of which 1 are ready; 3 wanted (automatic, 0 to 20, 1 to spare)')
  expect(said).toContain('AtMax: 3 workers are needed, and spec.workers.max allows 2: raise it.')
  expect(said).toMatch(/pro-a +Active +1 of 10 +120 % +n1 +Busy/)
  expect(said).not.toContain('basic-a')
})

test('a worker: what it holds, how busy it is, and which of its sessions need somebody', () => {
  const said = text(explainWorker(worker('pro-a'), pro, sessions, []))
  expect(said).toContain('1 tenants with 2 sessions, of at most 10 and 1000')
  expect(said).toContain(
    '120 % of what its tier allows: 240 messages a second, event loop 20 ms late, 40 % of its memory',
  )
  expect(said).toMatch(/b +acme +WaitingForScan +WaitingForScan\. Link it/)
  expect(said).not.toMatch(/^ +a +acme/m)
  expect(said).not.toMatch(/^ +c +acme/m)
})

test('a worker that is to go says so', () => {
  const going = { ...worker('pro-a'), metadata: { name: 'pro-a', deletionTimestamp: '2026-01-01T11:00:00Z' } }
  expect(text(explainWorker(going, undefined, [], []))).toMatch(
    /pro, which does not exist[\s\S]*to be deleted when nobody is left/,
  )
})

test('a tenant: its worker, its quota and each of its sessions', () => {
  const acme: Tenant = {
    metadata: { name: 'acme', uid: 'acme' },
    spec: TenantSpec.parse({ tier: 'pro' }),
    status: { worker: 'pro-a', sessions: { desired: 3, connected: 1, limit: 5 } },
  }
  const event = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Tenant', name: 'acme', uid: 'acme' },
    type: 'Warning' as const,
    reason: 'TierNotFound',
    message: 'There was none.',
  }
  const said = text(explainTenant(acme, pro, worker('pro-a'), sessions, [event]))
  expect(said).toContain('3 should run, of at most 5; 1 are connected')
  expect(said).toContain('pro-a. Busy: It is over the target of its tier.')
  expect(said).toMatch(/c +acme +LoggedOut +LoggedOut\. Link it again/)
  expect(said).toContain('There was none.')
  expect(text(explainTenant(acme, undefined, undefined, [], []))).toMatch(
    /pro, which does not exist[\s\S]*pro-a, which is gone/,
  )
})
