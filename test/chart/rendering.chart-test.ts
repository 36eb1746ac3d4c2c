import { readConfig as readGatewayConfig } from '@berth/gateway/config.ts'
import { readConfig as readOperatorConfig } from '@berth/operator/config.ts'
import { readConfig as readWorkerConfig } from '@berth/worker/config.ts'
import { describe, expect, test } from 'vitest'
import {
  CHART,
  containersOf,
  environmentOf,
  helm,
  MINIMAL,
  minimalWith,
  namesOf,
  podsOf,
  render,
  type ValuesFile,
} from './chart.ts'

/** Each of the ways in which the chart is meant to be used. */
const WAYS: [name: string, values: object, files: ValuesFile[]][] = [
  ['minimal values', MINIMAL, []],
  ['production values', {}, ['values-production.yaml']],
  ['trial values', {}, ['values-trial.yaml']],
  [
    "files on a volume, and Meta's numbers",
    minimalWith({ media: { volume: { enabled: true } }, cloudApi: { enabled: true, appSecret: 'meta-app' } }),
    [],
  ],
]

const SECRET_KEYS = [
  'BERTH_CHANNEL_KEYS',
  'WHATSAPP_APP_SECRET',
  'DATABASE_URL',
  'BERTH_INTERNAL_TOKEN',
  'BERTH_ENCRYPTION_KEYS',
  'POSTGRES_PASSWORD',
]

describe.each(WAYS)('%s', (_name, values, files) => {
  test('lint finds nothing', async () => {
    const output = await helm(['lint', CHART, '--strict'], values, files)
    expect(output).toContain('0 chart(s) failed')
  })

  test('every pod is a restricted one', async () => {
    const pods = podsOf(await render(values, files))
    expect(pods.length).toBeGreaterThan(3)
    for (const pod of pods) {
      const { owner, spec } = pod
      expect(spec.securityContext, owner).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.any(Number),
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(spec, owner).not.toHaveProperty('hostNetwork')
      expect(spec, owner).toMatchObject({ enableServiceLinks: false })
      for (const { name, securityContext } of containersOf(pod)) {
        expect(securityContext, `${owner} ${name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        })
      }
    }
  })

  test('secrets come by reference, and the gateway has no encryption keys', async () => {
    const manifests = await render(values, files)
    for (const pod of podsOf(manifests)) {
      for (const { env = [] } of containersOf(pod)) {
        for (const { name, value, valueFrom } of env) {
          if (SECRET_KEYS.includes(name)) expect(valueFrom?.secretKeyRef?.key, `${pod.owner} ${name}`).toBe(name)
          expect(value ?? '').not.toMatch(/postgres:\/\//)
        }
      }
    }
    const gateway = podsOf(manifests).find(({ owner }) => owner === 'Deployment/berth-gateway')!
    expect(JSON.stringify(gateway)).not.toContain('BERTH_ENCRYPTION_KEYS')
    expect(JSON.stringify(gateway)).not.toContain('envFrom')
  })

  test('a token is mounted only where the Kubernetes API is asked', async () => {
    const manifests = await render(values, files)
    const asking = podsOf(manifests).filter(({ spec }) => spec.automountServiceAccountToken !== false)
    expect(asking.map(({ owner }) => owner).sort()).toEqual([
      'Deployment/berth-gateway',
      'Deployment/berth-operator',
      'Job/berth-doctor',
      'Job/berth-prepare',
      'Job/berth-shutdown',
    ])
    const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount')
    const mounting = accounts.filter((account) => account.automountServiceAccountToken)
    expect(mounting.map(({ metadata }) => metadata.name)).toEqual(['berth-worker'])
    for (const { spec, owner } of asking)
      expect(namesOf(manifests, 'ServiceAccount'), owner).toContain(spec.serviceAccountName)
  })

  test('the processes understand the environment that they get', async () => {
    const pods = podsOf(await render(values, files))
    const operator = readOperatorConfig(environmentOf(pods, 'Deployment/berth-operator'))
    expect(operator).toMatchObject({ namespace: 'acme', workerServiceAccount: 'berth-worker', port: 8081 })
    const gateway = readGatewayConfig(environmentOf(pods, 'Deployment/berth-gateway'))
    expect(gateway).toMatchObject({ namespace: 'acme', port: 8080, metricsPort: 9090 })
    const given = Object.fromEntries((operator.workerPod.env ?? []).map(({ name, value }) => [name, value as string]))
    const worker = readWorkerConfig({ ...WORKER_ENVIRONMENT, ...given })
    const expected = files.includes('values-trial.yaml') ? 'ws://berth-simulator:7800/ws/chat' : undefined
    expect(worker.whatsapp?.url).toBe(expected)
  })

  test('every variable means something to its process', async () => {
    const pods = podsOf(await render(values, files))
    for (const [owner, read] of [
      ['Deployment/berth-operator', readOperatorConfig],
      ['Deployment/berth-gateway', readGatewayConfig],
    ] as const) {
      const asked = new Set<string>(['LOG_LEVEL', 'POD_NAME'])
      const environment = environmentOf(pods, owner)
      const get = (target: Record<string, string>, name: string) => {
        asked.add(name)
        return target[name]
      }
      read(new Proxy(environment, { get }))
      expect(
        Object.keys(environment).filter((name) => !asked.has(name)),
        owner,
      ).toEqual([])
    }
  })

  test('every pod has a network policy that knows it', async () => {
    const manifests = await render(values, files)
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
    for (const { owner, metadata } of podsOf(manifests)) {
      const chosen = policies.filter(({ spec }) => selects(spec.podSelector, metadata.labels))
      expect(
        chosen.map((one) => one.metadata.name),
        owner,
      ).toContain('berth-default-deny')
      expect(chosen.length, owner).toBe(2)
    }
  })

  test('services, monitors and disruption budgets select the pods that they mean', async () => {
    const manifests = await render(values, files)
    const pods = podsOf(manifests)
    const selectors = manifests.flatMap(({ kind, metadata, spec }) => {
      if (kind === 'Service') return [[`${kind}/${metadata.name}`, spec.selector]]
      if (kind === 'PodDisruptionBudget') return [[`${kind}/${metadata.name}`, spec.selector.matchLabels]]
      return []
    }) as [string, Record<string, string>][]
    expect(selectors.length).toBeGreaterThan(2)
    for (const [name, selector] of selectors) {
      const chosen = pods.filter(({ metadata }) => selects({ matchLabels: selector }, metadata.labels))
      expect(chosen, name).toHaveLength(1)
      expect(chosen[0]?.owner.split('/')[1]).toBe(name.split('/')[1])
    }
  })
})

const WORKER_ENVIRONMENT = {
  POD_NAME: 'pro-a',
  POD_UID: '6f2c1a3e-58b0-4f0e-9d3c-0a4f7e2b9c11',
  POD_NAMESPACE: 'acme',
  POD_IP: '10.0.0.1',
  DATABASE_URL: 'postgres://somewhere/berth',
  BERTH_ENCRYPTION_KEYS: `1:${Buffer.alloc(32).toString('base64')}`,
  BERTH_INTERNAL_TOKEN: 'a token of some length',
}

interface Selector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values: string[] }[]
}

const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
