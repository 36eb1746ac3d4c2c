/** `berth shutdown`, with the rights of the chart's job, and what an uninstall leaves. */
import type { Pod } from '@berth/core/model/builtin.ts'
import {
  CrdKind,
  DeploymentKind,
  PodKind,
  SecretKind,
  SessionKind,
  TenantKind,
  TierKind,
  WorkerKind,
} from '@berth/core/model/kind.ts'
import { SessionSpec } from '@berth/core/model/session.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../chaos/until.ts'
import { ChartCluster, type Installed } from './cluster.ts'

const WAIT_MS = 60_000

let cluster: ChartCluster
beforeAll(async () => {
  cluster = await ChartCluster.start(true)
})
afterAll(() => cluster?.close())

test('ends operator and workers with the rights of its job, and leaves what can be deleted', async () => {
  const installed = await cluster.makeNamespace()
  const { client } = installed
  await installed.helm('install')
  await until('the operator has its pods', WAIT_MS, async () => (await operatorPods(installed)).length === 2)
  await makeLife(installed)
  const { kubeconfig } = await installed.hook('shutdown')

  const said = await cluster.must('shutdown --yes', kubeconfig)
  expect(said).toContain('workers stopped: 1')
  expect(await client.get(DeploymentKind, 'berth-operator')).toBeUndefined()
  expect(await operatorPods(installed)).toEqual([])
  expect(await client.get(PodKind, 'pro-a')).toBeUndefined()
  expect(await client.get(WorkerKind, 'pro-a')).toBeUndefined()

  const session = (await client.get(SessionKind, 'support'))!
  expect(session.metadata.finalizers ?? []).toEqual(['example.com/theirs'])
  expect(session.status).toMatchObject({
    id: 'our-id',
    placement: { worker: 'pro-a', generation: 3 },
    connection: { epoch: 2, state: 'Disconnected', reason: 'Uninstalled' },
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: 'Ready', status: 'False', reason: 'Uninstalled' }),
    ]),
  })
  expect((await client.get(TenantKind, 'acme'))?.metadata.finalizers).toBeUndefined()
  // Killed half-way, it is repeated.
  expect(await cluster.must('shutdown --yes', kubeconfig)).toContain('workers stopped: 0')

  await installed.uninstall()
  expect(await client.get(SessionKind, 'support')).toBeDefined()
  expect(await client.get(CrdKind, 'tiers.berth.dev')).toBeDefined()
  await client.delete(TenantKind, 'acme')
  expect(await client.get(TenantKind, 'acme')).toBeUndefined()
  await installed.helm('install')
})

test('without --yes it says what it would do', async () => {
  const { namespace } = await cluster.makeNamespace()
  const outcome = await cluster.berth(`shutdown -n ${namespace}`, cluster.kubeconfig)
  expect(outcome).toMatchObject({
    code: 1,
    err: expect.stringContaining(`every session of the namespace ${namespace}`),
  })
})

test('its job may do nothing else', async () => {
  const installed = await cluster.makeNamespace()
  const { token } = await installed.hook('shutdown')
  const client = cluster.as(installed.namespace, token)
  const refused = async (work: Promise<unknown>) => expect(await work.catch((error) => error.status)).toBe(403)
  await refused(client.list(SecretKind))
  await refused(client.delete(SessionKind, 'support'))
  await refused(client.delete(TierKind, 'pro'))
  await refused(client.delete(DeploymentKind, 'berth-gateway'))
  await refused(client.delete(CrdKind, 'tiers.berth.dev'))
  await refused(client.list(PodKind, { namespace: 'default' }))
})
const operatorPods = async ({ client }: Installed): Promise<Pod[]> =>
  (await client.list(PodKind, { labelSelector: 'app.kubernetes.io/name=berth-operator' })).items

/** A worker with its pod and a session on it, as an operator and a worker leave them. */
async function makeLife({ client }: Installed): Promise<void> {
  await client.create(TenantKind, {
    metadata: { name: 'acme', finalizers: ['berth.dev/tenant'] },
    spec: TenantSpec.parse({ tier: 'pro' }),
  })
  await client.create(WorkerKind, {
    metadata: { name: 'pro-a', finalizers: ['berth.dev/worker'] },
    spec: { tier: 'pro', desiredState: 'Active' },
  })
  await client.create(SessionKind, {
    metadata: { name: 'support', finalizers: ['berth.dev/session', 'example.com/theirs'] },
    spec: SessionSpec.parse({ tenant: 'acme' }),
  })
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  await client.create(PodKind, {
    metadata: { name: 'pro-a', labels: { 'app.kubernetes.io/name': 'berth-worker' } },
    spec: {
      serviceAccountName: 'berth-worker',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'worker', image: 'none', securityContext }],
    },
  })
  const placement = { worker: 'pro-a', podUID: 'uid', generation: 3, boundAt: '2026-11-21T12:00:00Z' }
  await client.apply(
    SessionKind,
    { metadata: { name: 'support' }, status: { id: 'our-id', placement, conditions: [] } },
    { manager: 'berth-operator', subresource: 'status', force: true },
  )
  const connection = { state: 'Connected', since: '2026-11-21T12:00:00Z', epoch: 2 } as const
  const condition = { reason: 'Connected', message: 'WhatsApp answers.', lastTransitionTime: '2026-11-21T12:00:00Z' }
  await client.apply(
    SessionKind,
    {
      metadata: { name: 'support' },
      status: { connection, conditions: [{ type: 'Connected', status: 'True', ...condition }] },
    },
    { manager: 'berth-worker', subresource: 'status', force: true },
  )
}
