import { readConfig as readGatewayConfig } from '@berth/gateway/config.ts'
import { readConfig as readOperatorConfig } from '@berth/operator/config.ts'
import { readConfig as readWorkerConfig } from '@berth/worker/config.ts'
import { describe, expect, test } from 'vitest'
import {
  CHART,
  containersOf,
  helm,
  type Manifest,
  MINIMAL,
  namesOf,
  objectOf,
  type PodTemplate,
  podsOf,
  render,
  type ValuesFile,
} from './chart.ts'

/** Each of the ways in which the chart is meant to be used. */
const WAYS: [name: string, values: object, files: ValuesFile[]][] = [
  ['minimal values', MINIMAL, []],
  ['production values', {}, ['values-production.yaml']],
  ['trial values', {}, ['values-trial.yaml']],
]

const SECRET_KEYS = ['DATABASE_URL', 'BERTH_INTERNAL_TOKEN', 'BERTH_ENCRYPTION_KEYS', 'POSTGRES_PASSWORD']

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

/** As the kubelet would resolve it, with some value for each secret. */
function environmentOf(pods: PodTemplate[], owner: string): Record<string, string> {
  const { env = [] } = pods.find((pod) => pod.owner === owner)!.spec.containers[0]!
  const fields: Record<string, string> = { 'metadata.name': 'pod-1', 'metadata.namespace': 'acme' }
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const { fieldRef } = (valueFrom ?? {}) as { fieldRef?: { fieldPath: string } }
      return [name, value ?? (fieldRef ? fields[fieldRef.fieldPath]! : `the secret value of ${name}`)]
    }),
  )
}

interface Selector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values: string[] }[]
}

const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))

const with_ = (more: object): object => ({ ...MINIMAL, ...more })
const gatewayOf = (manifests: Manifest[]) => objectOf(manifests, 'Deployment', 'berth-gateway').spec
const operatorPod = async (values: object) =>
  readOperatorConfig(environmentOf(podsOf(await render(with_(values))), 'Deployment/berth-operator')).workerPod

describe('what each value changes', () => {
  test('another tag: all images, and nothing else', async () => {
    const [before, after] = await Promise.all([render(), render(with_({ image: { tag: '9.9.9' } }))])
    const replaced = JSON.parse(JSON.stringify(before).replaceAll(/(docker\.io\/berth\/[a-z]+):0\.1\.0/g, '$1:9.9.9'))
    expect(after).toEqual(replaced)
    expect(JSON.stringify(after)).toContain('docker.io/berth/worker:9.9.9')
  })

  test('autoscaling leaves the number of gateways to the autoscaler', async () => {
    expect(gatewayOf(await render()).replicas).toBe(2)
    const scaled = await render(with_({ gateway: { autoscaling: { enabled: true } } }))
    expect(gatewayOf(scaled)).not.toHaveProperty('replicas')
    expect(objectOf(scaled, 'HorizontalPodAutoscaler', 'berth-gateway').spec).toMatchObject({ minReplicas: 2 })
  })

  test('a fixed node port', async () => {
    const service = { type: 'NodePort', nodePort: 30_080 }
    const { spec } = objectOf(await render(with_({ gateway: { service } })), 'Service', 'berth-gateway')
    expect(spec).toMatchObject({ type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })
  })

  test('ingress and route', async () => {
    expect(namesOf(await render(), 'Ingress')).toEqual([])
    const gateway = {
      ingress: { enabled: true, className: 'nginx', host: 'api.example.com' },
      httpRoute: { enabled: true, parentRefs: [{ name: 'edge' }] },
    }
    const manifests = await render(with_({ gateway }))
    const { spec } = objectOf(manifests, 'Ingress', 'berth-gateway')
    expect(spec).toMatchObject({ ingressClassName: 'nginx', rules: [{ host: 'api.example.com' }] })
    expect(objectOf(manifests, 'HTTPRoute', 'berth-gateway').spec.parentRefs).toEqual([{ name: 'edge' }])
  })

  test('a simulator elsewhere reaches the workers, and the network policy lets them through', async () => {
    const whatsapp = { url: 'ws://10.1.2.3:7800/ws/chat', rootKey: 'AAAA' }
    const pod = await operatorPod({ whatsapp })
    expect(pod.env).toEqual(
      expect.arrayContaining([
        { name: 'BERTH_WHATSAPP_URL', value: whatsapp.url },
        { name: 'BERTH_WHATSAPP_ROOT', value: 'AAAA' },
      ]),
    )
    const portsTo = async (url: string): Promise<number[]> => {
      const { spec } = objectOf(await render(with_({ whatsapp: { url } })), 'NetworkPolicy', 'berth-worker')
      return spec.egress.flatMap(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port))
    }
    expect(await portsTo(whatsapp.url)).toContain(7800)
    expect(await portsTo('ws://whatsapp.test/ws/chat')).toContain(80)
    expect(await portsTo('wss://whatsapp.test/ws/chat')).toEqual(await portsTo(''))
  })

  test('settings of worker pods', async () => {
    const worker = {
      podLabels: { team: 'chat' },
      podAnnotations: { restarted: 'today' },
      tolerations: [{ key: 'berth', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      priorityClassName: 'high',
      extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/ca.pem' }],
    }
    const { labels, annotations, env, ...rest } = await operatorPod({
      worker,
      imagePullSecrets: [{ name: 'registry' }],
    })
    expect(labels).toEqual({
      team: 'chat',
      'app.kubernetes.io/part-of': 'berth',
      'app.kubernetes.io/instance': 'berth',
    })
    expect(annotations).toEqual({ restarted: 'today' })
    expect(env).toContainEqual(worker.extraEnv[0])
    expect(rest).toMatchObject({
      imagePullSecrets: [{ name: 'registry' }],
      tolerations: worker.tolerations,
      affinity: worker.affinity,
      priorityClassName: 'high',
      topologySpreadConstraints: [{ topologyKey: 'kubernetes.io/hostname' }],
    })
  })

  test('of what stands outside of the namespace, each part can be left out', async () => {
    const outside = [
      'ClusterRole',
      'ClusterRoleBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
    ]
    const clusterScope = { crds: false, userRoles: false, workerPolicy: false }
    const manifests = await render(with_({ clusterScope }))
    expect(manifests.filter(({ kind }) => outside.includes(kind))).toEqual([])
    const { command } = podsOf(manifests).find(({ owner }) => owner === 'Job/berth-prepare')!.spec
      .containers[0] as unknown as {
      command: string[]
    }
    expect(command).toContain('--no-crds')
  })

  test('no network policies, if the cluster has its own', async () => {
    expect(namesOf(await render(with_({ networkPolicy: { enabled: false } })), 'NetworkPolicy')).toEqual([])
  })

  test('a login of its own for migrations', async () => {
    const secrets = { existingSecret: 'berth-worker', migrationSecret: 'berth-migration' }
    const [container] = podsOf(await render({ secrets })).find(({ owner }) => owner === 'Job/berth-prepare')!.spec
      .containers
    expect(container?.env).toEqual([
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'berth-migration', key: 'DATABASE_URL' } } },
    ])
  })

  test('a tier can be left out, changed and added', async () => {
    const basic = { displayName: 'Entry' }
    const manifests = await render(with_({ tiers: { max: null, basic, free: { displayName: 'FREE', ...FREE } } }))
    const { items } = JSON.parse(objectOf(manifests, 'ConfigMap', 'berth-tiers').data['tiers.json'])
    expect(items.map((tier: Manifest) => tier.metadata.name)).toEqual(['basic', 'free', 'pro'])
    expect(items[0].spec).toMatchObject({ displayName: 'Entry', placement: { tenantsPerWorker: 50 } })
  })

  test('two installations share no name outside of their namespaces', async () => {
    const outside = async (namespace: string) => {
      const text = await helm(['template', 'berth', CHART, '--namespace', namespace], MINIMAL)
      return [...text.matchAll(/^ {2}name: (berth\.\S+)$/gm)].map(([, name]) => name!)
    }
    const [one, other] = await Promise.all([outside('one'), outside('other')])
    expect(one.length).toBeGreaterThan(4)
    expect(one.filter((name) => other.includes(name))).toEqual([])
  })
})

const FREE = {
  price: { amount: '0', currency: 'EUR' },
  sla: 'none',
  limits: { sessionsPerTenant: 1, requestsPerMinute: 1, messagesPerHour: 1, webhookEndpoints: 0, retentionDays: 1 },
  placement: { mode: 'Shared' },
  workers: {},
}

describe('values that are wrong get a sentence', () => {
  test.each<[string, object, ValuesFile[], RegExp]>([
    [
      'no database',
      {},
      [],
      /Berth needs a Postgres and three secrets.*--set secrets\.existingSecret=berth-worker.*values-trial\.yaml/s,
    ],
    ['two databases', MINIMAL, ['values-trial.yaml'], /secrets\.existingSecret and postgres\.enabled are both set/],
    [
      'two WhatsApps',
      { whatsapp: { url: 'ws://a/b' } },
      ['values-trial.yaml'],
      /simulator\.enabled and whatsapp\.url are both set/,
    ],
    ['a name that there is not', with_({ gateway: { replica: 3 } }), [], /\/gateway.*'replica' not allowed/],
    [
      'a field of a tier that there is not',
      with_({ tiers: { pro: { workers: { spares: 1 } } } }),
      [],
      /\/tiers\/pro\/workers.*'spares' not allowed/,
    ],
    [
      'a price that is none',
      with_({ tiers: { pro: { price: { amount: 'free' } } } }),
      [],
      /\/tiers\/pro\/price\/amount.*pattern/,
    ],
    ['a tier that lacks something', with_({ tiers: { free: { displayName: 'FREE' } } }), [], /\/tiers\/free.*missing/],
    ['a log level that there is not', with_({ logLevel: 'loud' }), [], /\/logLevel.*must be one of/],
    [
      'an address that is none',
      with_({ gateway: { publicUrl: 'api.example.com' } }),
      [],
      /\/gateway\/publicUrl.*pattern/,
    ],
    ['a route to nowhere', with_({ gateway: { httpRoute: { enabled: true } } }), [], /httpRoute\.parentRefs/],
  ])('%s', async (_name, values, files, sentence) => {
    await expect(render(values, files)).rejects.toThrow(sentence)
  })
})
