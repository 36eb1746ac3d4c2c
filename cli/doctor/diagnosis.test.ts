import type { CustomResourceDefinition } from '@berth/core/model/builtin.ts'
import { crdOf } from '@berth/core/model/crd.ts'
import { definitions } from '@berth/core/model/crds.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { RELEASE_ANNOTATION } from '@berth/core/model/release.ts'
import { SessionSpec, type WhatsAppSession } from '@berth/core/model/session.ts'
import { type Tenant, TenantSpec } from '@berth/core/model/tenant.ts'
import { type Worker, WorkerSpec } from '@berth/core/model/worker.ts'
import { expect, test } from 'vitest'
import type { DatabaseHealth } from '../ownership.ts'
import type { Check } from './check.ts'
import { diagnose } from './diagnosis.ts'
import type { DoctorSnapshot } from './snapshot.ts'

const NOW = new Date('2026-01-01T12:00:00Z')
const at = (secondsAgo: number): string => new Date(NOW.getTime() - secondsAgo * 1000).toISOString()
const conditions = (isReady: boolean, reason: string, secondsAgo: number) => [
  {
    type: 'Ready',
    status: isReady ? ('True' as const) : ('False' as const),
    reason,
    message: `${reason} it is.`,
    lastTransitionTime: at(secondsAgo),
  },
]

const session = (name: string, reason: string, secondsAgo = 600): WhatsAppSession => ({
  metadata: { name },
  spec: SessionSpec.parse({ tenant: 'acme' }),
  status: { conditions: conditions(reason === 'Connected', reason, secondsAgo) },
})

const worker = (name: string, more: { reason?: string; secondsAgo?: number; spec?: object } = {}): Worker => ({
  metadata: { name },
  spec: WorkerSpec.parse({ tier: 'pro', ...more.spec }),
  status: {
    tenants: 0,
    conditions: conditions(more.reason === undefined, more.reason ?? 'Ready', more.secondsAgo ?? 600),
  },
})

const tenant = (name: string, reason = 'Active'): Tenant => ({
  metadata: { name },
  spec: TenantSpec.parse({ tier: 'pro' }),
  status: { conditions: conditions(reason === 'Active', reason, 600) },
})

const crds = (change: (crd: CustomResourceDefinition) => void = () => {}): Map<string, CustomResourceDefinition> =>
  new Map(
    definitions.map((definition) => {
      const crd = structuredClone(crdOf(definition)) as unknown as CustomResourceDefinition
      crd.status = { conditions: [{ type: 'Established', status: 'True' }] }
      change(crd)
      return [definition.kind.plural, crd]
    }),
  )

const lease = (secondsAgo: number, holderIdentity = 'operator-0') => ({
  metadata: { name: 'berth-operator' },
  spec: { holderIdentity, leaseDurationSeconds: 6, renewTime: at(secondsAgo) },
})

const databaseHealth: DatabaseHealth = {
  now: NOW,
  canaryMsAgo: 500,
  inDoubt: false,
  distrusted: 0,
  leases: [{ worker: 'pro-a', renewedMsAgo: 400 }],
}

const stopped = structuredClone(defaultTiers[0]!)
stopped.status = {
  conditions: [
    {
      type: 'Progressing',
      status: 'False',
      reason: 'SessionsMissing',
      message: 'Stopped: 3 moved sessions were not back.',
      lastTransitionTime: at(60),
    },
  ],
}

/** All is well, and all there is to know is known. */
const healthy: DoctorSnapshot = {
  now: NOW,
  namespace: 'berth',
  api: { value: { ms: 3 } },
  crds: { value: crds() },
  operatorLease: { value: lease(1) },
  tiers: { value: defaultTiers },
  tenants: { value: [tenant('acme')] },
  sessions: { value: [session('one', 'Connected')] },
  workers: { value: [worker('pro-a')] },
  database: { value: databaseHealth },
  gateway: { value: { url: 'http://gateway', ms: 4, now: NOW } },
  local: { folder: '/data', freeBytes: 50 * 1024 ** 3 },
}

/** What is not well, as `level about`, and what is said of it. */
const troubles = (more: Partial<DoctorSnapshot>): Check[] =>
  diagnose({ ...healthy, ...more }).filter(({ level }) => level !== 'ok')

test('a healthy installation has nothing but ok, and every part has its line', () => {
  expect(troubles({})).toEqual([])
  expect(diagnose(healthy).map(({ about }) => about)).toEqual([
    'Kubernetes API',
    'Database',
    'Gateway',
    'CRDs',
    'Operator',
    'Tiers',
    'Workers',
    'Leases',
    'Tenants',
    'Sessions',
    'Clocks',
    'Disk',
  ])
})

const value = <T>(of: T) => ({ value: of })
const withoutTiersCrd = crds()
withoutTiersCrd.delete('tiers')
const database = (more: Partial<DatabaseHealth>) => value({ ...databaseHealth, ...more })
const skewed = new Date(NOW.getTime() + 60_000)

test('CRDs of a later release are as they should be: other installations need them', () => {
  const later = crds((crd) => {
    crd.metadata.annotations = { [RELEASE_ANNOTATION]: '99.0.0' }
    crd.spec.versions[0]!.schema = { openAPIV3Schema: { type: 'object' } }
  })
  expect(troubles({ crds: value(later) })).toEqual([])
  const check = diagnose({ ...healthy, crds: value(later) }).find(({ about }) => about === 'CRDs')
  expect(check?.says).toBe('are those of release 99.0.0, later than this one.')
})

test.each<[string, Partial<DoctorSnapshot>, Check['level'], string, RegExp]>([
  [
    'a CRD is missing',
    { crds: value(withoutTiersCrd) },
    'fail',
    'CRDs',
    /^tiers are not installed.*prepare --no-database/,
  ],
  [
    'a CRD is of another release',
    {
      crds: value(crds((crd) => Object.assign(crd.spec.versions[0]!.schema!.openAPIV3Schema!, { description: 'old' }))),
    },
    'warn',
    'CRDs',
    /of another release/,
  ],
  ['a CRD is not served', { crds: value(crds((crd) => delete crd.status)) }, 'fail', 'CRDs', /does not serve tiers/],
  ['CRDs may not be read', { crds: { error: 'forbidden' } }, 'warn', 'CRDs', /forbidden/],
  ['no operator leads', { operatorLease: value(lease(1, '')) }, 'fail', 'Operator', /nobody leads.*operator\.log/],
  ['there never was an operator', { operatorLease: value(undefined) }, 'fail', 'Operator', /nobody leads/],
  ['the operator is silent', { operatorLease: value(lease(40)) }, 'fail', 'Operator', /said nothing for 40s/],
  ['the database is away', { database: { error: 'It is away.' } }, 'fail', 'Database', /^It is away/],
  [
    'the database is closed to who asks from outside',
    { database: { error: 'It is away.' }, local: undefined },
    'warn',
    'Database',
    /not asked about leases/,
  ],
  ['the operator does not reach it', { database: database({ canaryMsAgo: 60_000 }) }, 'fail', 'Database', /for 1m/],
  ['no operator ever reached it', { database: database({ canaryMsAgo: null }) }, 'fail', 'Database', /ever/],
  ['the gateway is away', { gateway: { error: 'It is away.' } }, 'fail', 'Gateway', /^It is away/],
  ['nobody named the gateway', { gateway: undefined }, 'warn', 'Gateway', /\$BERTH_GATEWAY/],
  ['there are no tiers', { tiers: value([]) }, 'fail', 'Tiers', /apply -f examples\/tiers\.yaml/],
  [
    'the update of a tier has stopped',
    { tiers: value([stopped]) },
    'warn',
    'Tiers',
    /the update of \w+: Stopped: 3 moved sessions/,
  ],
  [
    'a tier is full',
    { tiers: value([full()]), workers: value([worker('pro-a', { spec: { desiredState: 'Active' } })]) },
    'warn',
    'Tiers',
    /pro has no free slot/,
  ],
  ['no worker is ready', { workers: value([worker('pro-a', { reason: 'Starting' })]) }, 'fail', 'Workers', /^0 of 1/],
  [
    'a worker does not come up',
    { workers: value([worker('pro-a'), worker('pro-b', { reason: 'Starting', secondsAgo: 90 })]) },
    'fail',
    'Workers',
    /pro-b is Starting for 1m\. Starting it is\./,
  ],
  [
    'a worker is cordoned',
    { workers: value([worker('pro-a', { spec: { desiredState: 'Cordoned' } })]) },
    'warn',
    'Workers',
    /workers uncordon pro-a/,
  ],
  [
    'a lease is late',
    { database: database({ leases: [{ worker: 'pro-a', renewedMsAgo: 4000 }] }) },
    'warn',
    'Leases',
    /pro-a renews its lease late/,
  ],
  ['a lease is not renewed', { database: database({ leases: [] }) }, 'fail', 'Leases', /does not renew/],
  [
    'a tenant has no tier',
    { tenants: value([tenant('acme', 'TierNotFound')]) },
    'warn',
    'Tenants',
    /1 TierNotFound: acme/,
  ],
  [
    'a session waits for its scan',
    { sessions: value([session('one', 'WaitingForScan')]) },
    'warn',
    'Sessions',
    /1 WaitingForScan, up to 10m: one\. Link it: .* sessions link one/,
  ],
  ['a session is stuck', { sessions: value([session('one', 'Starting')]) }, 'fail', 'Sessions', /berth -- doctor/],
  [
    'a session does not get through',
    { sessions: value([session('one', 'Connecting')]) },
    'warn',
    'Sessions',
    /tries again/,
  ],
  ['clocks differ', { database: database({ now: skewed }) }, 'warn', 'Clocks', /the database and this machine differ/],
  ['the disk fills', { local: { folder: '/data', freeBytes: 0.5 * 1024 ** 3 } }, 'warn', 'Disk', /0\.5 GiB/],
  ['the disk is full', { local: { folder: '/data', freeBytes: 0 } }, 'fail', 'Disk', /Make room/],
])('%s: one line, with what to do', (_, more, level, about, says) => {
  expect(troubles(more)).toEqual([{ level, about, says: expect.stringMatching(says) }])
})

/** PRO, with all the workers that it may have, none of which takes a tenant. */
function full() {
  const pro = structuredClone(defaultTiers.find(({ metadata }) => metadata.name === 'pro')!)
  pro.spec.workers.max = 1
  pro.spec.placement.tenantsPerWorker = 0
  return pro
}

test('what passes by itself, or is as somebody wants it, is well', () => {
  const sessions = [session('one', 'Starting', 5), session('two', 'OwnerLost', 5), session('three', 'Stopped')]
  expect(troubles({ sessions: { value: sessions } })).toEqual([])
  expect(
    troubles({ workers: { value: [worker('pro-a'), worker('pro-b', { reason: 'Starting', secondsAgo: 5 })] } }),
  ).toEqual([])
})

test('sessions with the same reason are one line, and the long ones are told from those on their way', () => {
  const many = Array.from({ length: 8 }, (_, index) => session(`s${index}`, 'NoCapacity'))
  const sessions = [...many, session('new', 'NoCapacity', 5)]
  const said = diagnose({ ...healthy, sessions: { value: sessions } }).filter(({ about }) => about === 'Sessions')
  expect(said.map(({ level }) => level)).toEqual(['ok', 'ok', 'fail'])
  expect(said[2]!.says).toMatch(/^8 NoCapacity, up to 10m: s0, s1, s2, s3, s4 and 3 more\. See what is full/)
})

test('without the Kubernetes API nothing that it holds is said to be wrong', () => {
  const away = { error: 'unreachable' }
  const cluster = { crds: away, operatorLease: away, tiers: away, tenants: away, sessions: away, workers: away }
  const said = troubles({ api: away, ...cluster })
  expect(said).toEqual([{ level: 'fail', about: 'Kubernetes API', says: 'unreachable' }])
})
