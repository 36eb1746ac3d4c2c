/**
 * What each process may ask of the Kubernetes API, proven on a real one with tokens of its own service account: the real
 * processes' code gets all that it needs, and nothing else is given.
 */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { collectionPath, objectPath } from '@berth/core/kube/path.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import {
  EventKind,
  type Kind,
  LeaseKind,
  PodKind,
  SecretKind,
  SessionKind,
  TenantKind,
  TierKind,
  WorkerKind,
} from '@berth/core/model/kind.ts'
import { SessionSpec, type SessionStatus, type WhatsAppSession } from '@berth/core/model/session.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { openPool } from '@berth/core/postgres/pool.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { ControlPlane } from '@berth/gateway/control-plane.ts'
import { startTestPostgres } from '@berth/local/postgres/testing.ts'
import { readConfig } from '@berth/operator/config.ts'
import { Operator } from '@berth/operator/operator.ts'
import { podFor } from '@berth/operator/pods.ts'
import { postgresDatabase } from '@berth/operator/postgres.ts'
import { StatusWriter } from '@berth/worker/kube-status.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../chaos/until.ts'
import { FakeNode } from '../operator/fake-node.ts'
import { MINIMAL, podsOf, render } from './chart.ts'
import { ChartCluster, type Installed } from './cluster.ts'
import { expectForbidden, refusalOf } from './refusals.ts'

const WAIT_MS = 60_000
const silent = createLogger('test').child({}, { level: 'silent' })

let cluster: ChartCluster
let installed: Installed

beforeAll(async () => {
  cluster = await ChartCluster.start()
  installed = await cluster.makeNamespace()
  await installed.helm('install')
})
afterAll(() => cluster?.close())

/** The operator's settings, as the chart makes them. */
async function operatorConfig(databaseUrl: string) {
  const { env = [] } = podsOf(await render()).find(({ owner }) => owner === 'Deployment/berth-operator')!.spec
    .containers[0]!
  const given = Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))
  return readConfig({ ...given, DATABASE_URL: databaseUrl, POD_NAME: 'operator-1' })
}

const newTenant = (installation: Installed, name: string) =>
  installation.client.create(TenantKind, { metadata: { name }, spec: TenantSpec.parse({ tier: 'pro' }) })
const newSession = (installation: Installed, name: string, tenant = 'acme') =>
  installation.client.create(SessionKind, { metadata: { name }, spec: SessionSpec.parse({ tenant }) })

describe('the operator', () => {
  test('may do all that it does: elect, place, make and remove workers, see deletions off', async () => {
    const own = await cluster.makeNamespace()
    await own.helm('install')
    const database = await startTestPostgres()
    const pool = openPool({ url: database.url, role: 'berth_operator', application: 'operator' })
    const client = await own.as('berth-operator')
    const lines: string[] = []
    const log = createLogger('operator', { write: (line) => void lines.push(line) }).child({}, { level: 'debug' })
    const config = await operatorConfig(database.url)
    const operator = new Operator({
      client,
      database: postgresDatabase(pool, config.logins),
      config,
      log,
    })
    const node = new FakeNode(own.client, database.url)
    operator.start()
    try {
      for (const tier of defaultTiers) await own.client.create(TierKind, structuredClone(tier))
      await newTenant(own, 'acme')
      await newSession(own, 'support')
      const session = await until('the session is connected', WAIT_MS, async () => {
        const found = await own.client.get(SessionKind, 'support')
        return found?.status?.conditions?.some(({ reason }) => reason === 'Connected') && found
      })
      const worker = session.status!.placement!.worker
      expect((await own.client.get(LeaseKind, 'berth-operator'))?.spec?.holderIdentity).toContain('operator-1')
      await until('an event tells of it', WAIT_MS, async () => {
        const { items } = await own.client.list(EventKind)
        return items.some(({ reason, source }) => reason === 'Placed' && source?.component === 'berth-operator')
      })
      await own.client.delete(WorkerKind, worker)
      await until('the session has moved, and its worker has gone', WAIT_MS, async () => {
        const moved = (await own.client.get(SessionKind, 'support'))?.status?.placement?.worker !== worker
        return moved && !(await own.client.get(WorkerKind, worker)) && !(await own.client.get(PodKind, worker))
      })
      await own.client.delete(SessionKind, 'support')
      await own.client.delete(TenantKind, 'acme')
      await own.client.delete(TierKind, 'max')
      for (const [kind, name] of [
        [SessionKind, 'support'],
        [TenantKind, 'acme'],
        [TierKind, 'max'],
      ] as [Kind, string][]) {
        await until(`${kind.kind} ${name} is gone`, WAIT_MS, async () => !(await own.client.get(kind, name)))
      }
    } finally {
      await operator.stop()
      await node.close()
      await Promise.all([client.close(), pool.end()])
      await database.close()
    }
    expect(lines.filter((line) => /\b403\b|forbidden/i.test(line))).toEqual([])
    expect(lines.length).toBeGreaterThan(0)
  })

  test('may do nothing else', async () => {
    const client = await installed.as('berth-operator')
    await expectForbidden(client, [
      ['GET', collectionPath(SecretKind, installed.namespace)],
      ['GET', objectPath(SecretKind, installed.namespace, 'berth-worker')],
      ['GET', collectionPath(SessionKind, 'default')],
      ['POST', collectionPath(TenantKind, installed.namespace), tenantBody],
      ['POST', collectionPath(SessionKind, installed.namespace), sessionBody],
      ['DELETE', objectPath(SessionKind, installed.namespace, 'support')],
      ['DELETE', objectPath(TierKind, installed.namespace, 'pro')],
      ['PUT', objectPath(LeaseKind, installed.namespace, 'another'), leaseBody],
      ['POST', `/api/v1/namespaces/${installed.namespace}/serviceaccounts/berth-worker/token`, tokenBody],
      ['POST', `/api/v1/namespaces/${installed.namespace}/pods/pro-a/exec`],
      ['GET', '/api/v1/nodes'],
    ])
  })
})

describe('the gateway', () => {
  test('may do all that it does: declare, read and delete sessions', async () => {
    const own = await cluster.makeNamespace()
    await own.helm('install')
    const plane = new ControlPlane(await own.as('berth-gateway'), own.namespace, silent)
    const key = { resourceName: 'acme.support', tenant: 'acme' }
    expect(await plane.find(key)).toBeUndefined()
    expect(await plane.declare(key, () => ({ desiredState: 'Running' }))).toMatchObject({ created: true })
    const { session } = await plane.declare(key, () => ({ desiredState: 'Stopped' }))
    expect(session.spec.desiredState).toBe('Stopped')
    expect(await plane.delete(key)).toBe(true)
    expect(await plane.delete(key)).toBe(false)
  })

  test('may do nothing else', async () => {
    const client = await installed.as('berth-gateway')
    const namespace = installed.namespace
    await expectForbidden(client, [
      ['GET', collectionPath(SecretKind, namespace)],
      ['GET', objectPath(SecretKind, namespace, 'berth-worker')],
      ['GET', collectionPath(PodKind, namespace)],
      ['DELETE', objectPath(PodKind, namespace, 'pro-a')],
      ['GET', collectionPath(SessionKind, namespace)],
      ['GET', objectPath(SessionKind, 'default', 'support')],
      ['PATCH', objectPath(SessionKind, namespace, 'support', 'status'), { status: {} }],
      ['GET', objectPath(TenantKind, namespace, 'acme')],
      ['PATCH', objectPath(TierKind, namespace, 'pro'), { spec: {} }],
      ['POST', collectionPath(WorkerKind, namespace), { metadata: { name: 'mine' }, spec: { tier: 'pro' } }],
      ['POST', `/api/v1/namespaces/${namespace}/serviceaccounts/berth-worker/token`, tokenBody],
    ])
  })
})

describe('a worker', () => {
  /** Two workers with a session each. */
  let pods: Pod[]
  let client: KubeClient

  beforeAll(async () => {
    const config = await operatorConfig('postgres://nowhere/berth')
    const pro = defaultTiers.find(({ metadata }) => metadata.name === 'pro')!
    // As the operator makes them, with the operator's rights.
    const operator = await installed.as('berth-operator')
    pods = []
    await newSession(installed, 'probe')
    for (const name of ['pro-a', 'pro-b']) {
      const worker = await operator.create(WorkerKind, {
        metadata: { name },
        spec: { tier: 'pro', desiredState: 'Active' },
      })
      const pod = await operator.create(PodKind, podFor(worker, pro, config))
      pods.push(pod)
      await newSession(installed, `on-${name}`)
      await place(operator, `on-${name}`, pod)
    }
    client = await installed.as('berth-worker', pods[0])
    // A new policy takes effect after a moment.
    await place(operator, 'probe', pods[1]!)
    await until('the policy holds', WAIT_MS, async () => (await refusalOf(report(client, 'probe'))).status === 403)
  })

  test('sees the sessions that are placed on it, and reports on them', async () => {
    const sessions = new Reflector(client, SessionKind, { fieldSelector: 'status.placement.worker=pro-a' })
    sessions.start()
    await sessions.synced
    try {
      expect(sessions.list().map(({ metadata }) => metadata.name)).toEqual(['on-pro-a'])
      const writer = new StatusWriter({ client, sessions, find: () => undefined, log: silent })
      const state = { state: 'Connected', since: new Date(), attempt: 0, phoneNumber: '+5511900000001' } as const
      await writer.write({ id: 'id-of-on-pro-a', linked: true, owner: { epoch: 1 }, state })
      const { status } = (await installed.client.get(SessionKind, 'on-pro-a'))!
      expect(status?.connection).toMatchObject({ state: 'Connected', epoch: 1 })
      expect(status?.conditions?.map(({ type }) => type).sort()).toEqual(['Connected', 'Linked', 'Ready'])
      // Again, over what it wrote itself.
      await writer.write({ id: 'id-of-on-pro-a', linked: true, owner: { epoch: 2 }, state })
      expect((await installed.client.get(SessionKind, 'on-pro-a'))?.status?.connection?.epoch).toBe(2)
    } finally {
      await sessions.stop()
    }
  })

  test('may not report on the session of another worker', async () => {
    const refusal = await refusalOf(report(client, 'on-pro-b'))
    expect(refusal).toMatchObject({ status: 403, message: expect.stringContaining('placed on it, and of no others') })
    expect((await installed.client.get(SessionKind, 'on-pro-b'))?.status?.connection).toBeUndefined()
  })

  test.each<[string, (status: SessionStatus) => SessionStatus]>([
    ['its placement', (status) => ({ ...status, placement: { ...status.placement!, generation: 9 } })],
    ['that it has none', ({ placement: _, ...status }) => status],
    ['its id', (status) => ({ ...status, id: 'another' })],
    ['the generation that was seen', (status) => ({ ...status, observedGeneration: 99 })],
    ['the condition Ready', (status) => ({ ...status, conditions: [readyCondition('True')] })],
    [
      'a condition of its own',
      (status) => ({ ...status, conditions: [readyCondition('False'), { ...readyCondition('True'), type: 'Mine' }] }),
    ],
  ])('may not write %s', async (_what, change) => {
    const { metadata, status } = (await installed.client.get(SessionKind, 'on-pro-a'))!
    const path = objectPath(SessionKind, installed.namespace, metadata.name, 'status')
    const body = [{ op: 'replace', path: '/status', value: change(status!) }]
    const refusal = await refusalOf(client.request('PATCH', path, { body, contentType: 'application/json-patch+json' }))
    expect(refusal).toMatchObject({
      status: 403,
      message: expect.stringContaining("the rest of the status is the operator's"),
    })
  })

  test('with a token of the account that is bound to no pod, nothing can be written', async () => {
    const unbound = await installed.as('berth-worker')
    expect(await refusalOf(report(unbound, 'on-pro-a', 9))).toMatchObject({ status: 403 })
  })

  test('once a session has moved, its old worker writes nothing more', async () => {
    await newSession(installed, 'moving')
    const operator = await installed.as('berth-operator')
    await place(operator, 'moving', pods[0]!)
    await report(client, 'moving')
    await place(operator, 'moving', pods[1]!, 2)
    expect(await refusalOf(report(client, 'moving'))).toMatchObject({ status: 403 })
    await report(await installed.as('berth-worker', pods[1]), 'moving')
  })

  test('may do nothing else', async () => {
    const { namespace } = installed
    await expectForbidden(client, [
      ['GET', collectionPath(SecretKind, namespace)],
      ['GET', objectPath(SecretKind, namespace, 'berth-worker')],
      ['GET', collectionPath(PodKind, namespace)],
      ['DELETE', objectPath(PodKind, namespace, 'pro-b')],
      ['POST', collectionPath(PodKind, namespace), { metadata: { name: 'mine' }, spec: { containers: [] } }],
      ['PATCH', objectPath(SessionKind, namespace, 'on-pro-a'), { spec: { desiredState: 'Stopped' } }],
      ['DELETE', objectPath(SessionKind, namespace, 'on-pro-a')],
      ['POST', collectionPath(SessionKind, namespace), sessionBody],
      ['GET', collectionPath(SessionKind, 'default')],
      ['GET', collectionPath(TenantKind, namespace)],
      ['PATCH', objectPath(WorkerKind, namespace, 'pro-a'), { spec: { desiredState: 'Active' } }],
      ['POST', collectionPath(EventKind, namespace), { metadata: { name: 'mine' } }],
      ['PUT', objectPath(LeaseKind, namespace, 'berth-operator'), leaseBody],
    ])
  })

  test('without the policy it is trusted with all sessions of its installation', async () => {
    const trusting = await cluster.makeNamespace()
    await trusting.helm('install', { ...MINIMAL, clusterScope: { workerPolicy: false } })
    await newSession(trusting, 'support')
    await place(trusting.client, 'support', pods[1]!)
    await report(await trusting.as('berth-worker'), 'support')
    expect((await trusting.client.get(SessionKind, 'support'))?.status?.connection?.state).toBe('Connecting')
  })

  test('the policy is about this installation only', async () => {
    const other = await cluster.makeNamespace()
    await newSession(other, 'support')
    await place(other.client, 'support', pods[0]!)
    await report(other.client, 'support')
    expect((await other.client.get(SessionKind, 'support'))?.status?.connection?.state).toBe('Connecting')
  })
})

const tenantBody = { metadata: { name: 'mine' }, spec: { tier: 'pro' } }
const sessionBody = { metadata: { name: 'mine' }, spec: { tenant: 'acme' } }
const leaseBody = { metadata: { name: 'another' }, spec: {} }
const tokenBody = { spec: {} }

const readyCondition = (status: 'True' | 'False') => ({
  type: 'Ready',
  status,
  reason: 'Starting',
  message: 'Said by the operator.',
  lastTransitionTime: '2026-11-21T12:00:00Z',
})

/** As the operator places a session. */
function place(operator: KubeClient, name: string, pod: Pod, generation = 1): Promise<WhatsAppSession> {
  const placement = {
    worker: pod.metadata.name,
    podUID: pod.metadata.uid!,
    generation,
    boundAt: '2026-11-21T12:00:00Z',
  }
  const status = { id: `id-of-${name}`, observedGeneration: 1, placement, conditions: [readyCondition('False')] }
  const options = { manager: 'berth-operator', subresource: 'status', force: true } as const
  return operator.apply(SessionKind, { metadata: { name }, status }, options)
}

/** As a worker reports on a session. */
function report(worker: KubeClient, name: string, epoch = 1): Promise<WhatsAppSession> {
  const connection = { state: 'Connecting', since: '2026-11-21T12:00:00Z', epoch } as const
  const options = { manager: 'berth-worker', subresource: 'status', force: true } as const
  return worker.apply(SessionKind, { metadata: { name }, status: { connection } }, options)
}
