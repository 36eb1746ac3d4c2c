import {
  CrdKind,
  clusterWide,
  DeploymentKind,
  PodKind,
  SecretKind,
  SessionKind,
  TierKind,
  WorkerKind,
} from '@berth/core/model/kind.ts'
import { RELEASE, RELEASE_ANNOTATION } from '@berth/core/model/release.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../chaos/until.ts'
import { CHART, MINIMAL, minimalWith, objectOf, render, type ValuesFile } from './chart.ts'
import { asList, ChartCluster, type Installed } from './cluster.ts'

const WAIT_MS = 60_000

const PolicyKind = clusterWide(
  'admissionregistration.k8s.io',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
)

let cluster: ChartCluster
beforeAll(async () => {
  cluster = await ChartCluster.start(true)
})
afterAll(() => cluster?.close())

describe.each<[string, object, ValuesFile[]]>([
  ['minimal values', MINIMAL, []],
  // The cluster has no Prometheus operator and no Gateway API.
  [
    'production values',
    { monitoring: { podMonitor: { enabled: false }, prometheusRule: { enabled: false } } },
    ['values-production.yaml'],
  ],
  ['trial values', {}, ['values-trial.yaml']],
  [
    "files on a volume, and Meta's numbers",
    minimalWith({ media: { volume: { enabled: true } }, cloudApi: { enabled: true } }),
    [],
  ],
])('%s', (_name, values, files) => {
  test('the API server takes every object as it is, and warns of nothing', async () => {
    const installed = await cluster.makeNamespace()
    const objects = await render(values, files, installed.namespace)
    const output = await installed.kubectl(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'],
      asList(objects),
    )
    expect(output.trim().split('\n')).toHaveLength(objects.length)
  })

  test('Helm would install it', async () => {
    const { namespace } = await cluster.makeNamespace()
    const args = ['install', 'berth', CHART, '--namespace', namespace, '--dry-run=server']
    expect(await cluster.helm(args, values, files)).toContain('Berth 0.1.0 is installed in')
  })
})

test('the pods are let in where only restricted ones are', async () => {
  const installed = await cluster.makeNamespace()
  await installed.helm('install', {}, ['values-trial.yaml'])
  const pods = await until('all pods are made', WAIT_MS, async () => {
    const { items } = await installed.client.list(PodKind)
    return items.length === 4 && items
  })
  const names = pods.map(({ metadata }) => metadata.labels!['app.kubernetes.io/name']).sort()
  expect(names).toEqual(['berth-gateway', 'berth-operator', 'berth-postgres', 'berth-simulator'])
})

describe('prepare', () => {
  test('goes well with the rights of its job, and again', async () => {
    const installed = await cluster.makeNamespace()
    const { kubeconfig, manifests } = await installed.hook('prepare')
    const prepare = `prepare --no-database --tiers -`
    const input = objectOf(manifests, 'ConfigMap', 'berth-tiers').data['tiers.json']
    const first = await cluster.must(prepare, kubeconfig, input)
    expect(first).toContain('workers.berth.dev unchanged')
    expect(first.match(/^tier\/\w+ created$/gm)).toHaveLength(3)
    expect((await cluster.must(prepare, kubeconfig, input)).match(/^tier\/\w+ unchanged$/gm)).toHaveLength(3)
  })

  test('makes CRDs that are missing, and waits until the API serves them', async () => {
    const installed = await cluster.makeNamespace()
    const { client } = installed
    const { kubeconfig } = await installed.hook('prepare')
    await client.delete(CrdKind, 'workers.berth.dev')
    await until('the CRD is gone', WAIT_MS, async () => !(await client.get(CrdKind, 'workers.berth.dev')))
    expect(await cluster.must('prepare --no-database', kubeconfig)).toContain('workers.berth.dev created')
    const list = async () => (await client.list(WorkerKind)).items.length === 0
    expect(await until('the API serves them', WAIT_MS, list)).toBe(true)
  })

  test('its job may do nothing else', async () => {
    const installed = await cluster.makeNamespace()
    const { token } = await installed.hook('prepare')
    const client = cluster.as(installed.namespace, token)
    const refused = async (work: Promise<unknown>) => expect(await work.catch((error) => error.status)).toBe(403)
    await refused(client.list(SecretKind))
    await refused(client.delete(CrdKind, 'tiers.berth.dev'))
    await refused(client.get(CrdKind, 'certificates.cert-manager.io'))
    await refused(client.delete(TierKind, 'pro'))
    await refused(client.list(TierKind, { namespace: 'default' }))
    await refused(client.list(SessionKind))
  })

  test('leaves CRDs of a later release as they are', async () => {
    const { client } = await cluster.makeNamespace()
    const rename = (release: string) =>
      client.mergePatch(CrdKind, 'tiers.berth.dev', { metadata: { annotations: { [RELEASE_ANNOTATION]: release } } })
    const later = await rename('99.0.0')
    try {
      const output = await cluster.must('prepare --no-database', cluster.kubeconfig)
      expect(output).toContain(
        `tiers.berth.dev left as it is: it is of release 99.0.0, later than this one, ${RELEASE}`,
      )
      const now = await client.get(CrdKind, 'tiers.berth.dev')
      expect(now?.metadata.resourceVersion).toBe(later.metadata.resourceVersion)
    } finally {
      await rename('0.0.1')
      expect(await cluster.must('prepare --no-database', cluster.kubeconfig)).toContain('tiers.berth.dev updated')
    }
  })
})

describe('tiers', () => {
  const prepareTiers = async (installed: Installed, tiers: object) => {
    const { kubeconfig, manifests } = await installed.hook('prepare', { ...MINIMAL, tiers })
    const input = objectOf(manifests, 'ConfigMap', 'berth-tiers').data['tiers.json']
    return cluster.berth('prepare --no-database --no-crds --tiers -', kubeconfig, input)
  }
  const replicasOf = async ({ client }: Installed) => (await client.get(TierKind, 'pro'))?.spec.workers.replicas

  test('kubectl scale has the word on the number of workers, upgrades on the rest', async () => {
    const installed = await cluster.makeNamespace()
    await prepareTiers(installed, {})
    await installed.kubectl(['scale', 'tier/pro', '--replicas=4'])
    expect(await prepareTiers(installed, { pro: { price: { amount: '31' } } })).toMatchObject({ code: 0 })
    expect(await replicasOf(installed)).toBe(4)
    expect((await installed.client.get(TierKind, 'pro'))?.spec.price.amount).toBe('31')
  })

  test('values that set the number too say who disagrees, and what to do', async () => {
    const installed = await cluster.makeNamespace()
    await prepareTiers(installed, { pro: { workers: { replicas: 2 } } })
    expect(await replicasOf(installed)).toBe(2)
    await installed.kubectl(['scale', 'tier/pro', '--replicas=4'])
    const outcome = await prepareTiers(installed, { pro: { workers: { replicas: 3 } } })
    expect(outcome.code).toBe(1)
    expect(outcome.err).toMatch(/tier\/pro: somebody else.*workers\.replicas.*kubectl.*Leave it out of the values/s)
    expect(await replicasOf(installed)).toBe(4)
    await installed.kubectl(['scale', 'tier/pro', '--replicas=3'])
    expect(await prepareTiers(installed, { pro: { workers: { replicas: 3 } } })).toMatchObject({ code: 0 })
  })
})

describe('a trial', () => {
  test('keeps its secrets through upgrades, an uninstall and another install', async () => {
    const installed = await cluster.makeNamespace()
    const secrets = async () => {
      const { data } = (await installed.client.get(SecretKind, 'berth-worker'))!
      return { ...data, ...(await installed.client.get(SecretKind, 'berth-postgres'))!.data }
    }
    await installed.helm('install', {}, ['values-trial.yaml'])
    const first = await secrets()
    expect(Object.keys(first).sort()).toEqual([
      'BERTH_CHANNEL_KEYS',
      'BERTH_ENCRYPTION_KEYS',
      'BERTH_INTERNAL_TOKEN',
      'DATABASE_URL',
      'POSTGRES_PASSWORD',
    ])
    await installed.helm('upgrade', { logLevel: 'debug' }, ['values-trial.yaml'])
    expect(await secrets()).toEqual(first)
    await installed.uninstall()
    await installed.helm('install', {}, ['values-trial.yaml'])
    expect(await secrets()).toEqual(first)
  })
})

test('the doctor of helm test may look at all that it looks at', async () => {
  const installed = await cluster.makeNamespace()
  await installed.helm('install')
  const { kubeconfig } = await installed.hook('doctor')
  const { out, code } = await cluster.berth('doctor', kubeconfig)
  expect(out).toContain('nobody leads')
  // The database is named in the pod's environment; the Secret is nothing that the doctor reads.
  const forbidden = out.split('\n').filter((line) => /forbidden/.test(line))
  expect(forbidden).toEqual([expect.stringContaining('secrets "berth-worker" is forbidden')])
  expect(code).toBe(1)
})

describe('two installations', () => {
  test('in two namespaces: one goes, the other stays whole', async () => {
    const [one, other] = [await cluster.makeNamespace(), await cluster.makeNamespace()]
    await one.helm('install')
    await other.helm('install')
    await one.uninstall()
    const { items: policies } = await other.client.list(PolicyKind)
    const names = policies.map(({ metadata }) => metadata.name)
    expect(names).toContain(`berth.${other.namespace}.berth-worker-status`)
    expect(names).not.toContain(`berth.${one.namespace}.berth-worker-status`)
    expect(await other.client.get(DeploymentKind, 'berth-operator')).toBeDefined()
    // An editor of the namespace can still work with our resources.
    const can = await other
      .kubectl(['auth', 'can-i', 'create', 'tenants.berth.dev', '--as=ann', '--as-group=editors'])
      .catch(({ message }: Error) => message)
    expect(can).toContain('no')
    await other.kubectl(['create', 'rolebinding', 'ann', '--clusterrole=edit', '--user=ann'])
    await until('ann may make tenants', WAIT_MS, async () => {
      return (await other.kubectl(['auth', 'can-i', 'create', 'tenants.berth.dev', '--as=ann'])).includes('yes')
    })
    await expect(other.kubectl(['auth', 'can-i', 'patch', 'tiers.berth.dev', '--as=ann'])).rejects.toThrow('no')
  })

  test('in one namespace: Helm refuses the second', async () => {
    const installed = await cluster.makeNamespace()
    await installed.helm('install')
    const args = ['install', 'second', CHART, '--namespace', installed.namespace, '--no-hooks']
    await expect(cluster.helm(args, MINIMAL)).rejects.toThrow(/invalid ownership metadata/)
  })
})
