import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readConfig as readGatewayConfig } from '@berth/gateway/config.ts'
import { IPV4_OTHERS, IPV6_OTHERS } from '@berth/gateway/media/address.ts'
import { readConfig } from '@berth/operator/config.ts'
import { type CommandLine, parseOptions } from '@berth/simulator/options.ts'
import { describe, expect, test } from 'vitest'
import {
  CHART,
  environmentOf,
  helm,
  type Manifest,
  MINIMAL,
  minimalWith,
  namesOf,
  objectOf,
  podsOf,
  render,
} from './chart.ts'

const gatewayOf = (manifests: Manifest[]) => objectOf(manifests, 'Deployment', 'berth-gateway').spec
const operatorPod = async (values: object) =>
  readConfig(environmentOf(podsOf(await render(minimalWith(values))), 'Deployment/berth-operator')).workerPod

describe('what each value changes', () => {
  test('another tag: all images, and nothing else', async () => {
    const [before, after] = await Promise.all([render(), render(minimalWith({ image: { tag: '9.9.9' } }))])
    const replaced = JSON.parse(JSON.stringify(before).replaceAll(/(docker\.io\/berth\/[a-z]+):0\.1\.0/g, '$1:9.9.9'))
    expect(after).toEqual(replaced)
    expect(JSON.stringify(after)).toContain('docker.io/berth/worker:9.9.9')
  })

  test('autoscaling leaves the number of gateways to the autoscaler', async () => {
    expect(gatewayOf(await render()).replicas).toBe(2)
    const scaled = await render(minimalWith({ gateway: { autoscaling: { enabled: true } } }))
    expect(gatewayOf(scaled)).not.toHaveProperty('replicas')
    expect(objectOf(scaled, 'HorizontalPodAutoscaler', 'berth-gateway').spec).toMatchObject({ minReplicas: 2 })
  })

  test('the operator reads nodes, which is its only right beyond the namespace', async () => {
    const mayRead = (manifests: Manifest[]) =>
      readConfig(environmentOf(podsOf(manifests), 'Deployment/berth-operator')).readNodes
    const [without, withNodes] = await Promise.all([render(), render(minimalWith({ operator: { readNodes: true } }))])
    expect([mayRead(without), mayRead(withNodes)]).toEqual([false, true])
    const more = (kind: string) => namesOf(withNodes, kind).filter((name) => !namesOf(without, kind).includes(name))
    const [role] = more('ClusterRole')
    expect(more('ClusterRoleBinding')).toEqual([role])
    expect(objectOf(withNodes, 'ClusterRole', role!)).toMatchObject({
      rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }],
    })
  })

  test('a fixed node port', async () => {
    const service = { type: 'NodePort', nodePort: 30_080 }
    const { spec } = objectOf(await render(minimalWith({ gateway: { service } })), 'Service', 'berth-gateway')
    expect(spec).toMatchObject({ type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })
  })

  test('ingress and route', async () => {
    expect(namesOf(await render(), 'Ingress')).toEqual([])
    const gateway = {
      ingress: { enabled: true, className: 'nginx', host: 'api.example.com' },
      httpRoute: { enabled: true, parentRefs: [{ name: 'edge' }] },
    }
    const manifests = await render(minimalWith({ gateway }))
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
      const { spec } = objectOf(await render(minimalWith({ whatsapp: { url } })), 'NetworkPolicy', 'berth-worker')
      return spec.egress.flatMap(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port))
    }
    expect(await portsTo(whatsapp.url)).toContain(7800)
    expect(await portsTo('ws://whatsapp.test/ws/chat')).toContain(80)
    expect(await portsTo('wss://whatsapp.test/ws/chat')).toEqual(await portsTo(''))
  })

  test('a bucket for files reaches gateway and workers, and the network policies let them through', async () => {
    const media = { url: 's3://files/berth?region=eu-central-1&endpoint=https%3A%2F%2Fs3.example.com%3A9000' }
    const manifests = await render(minimalWith({ media }))
    expect((await operatorPod({ media })).env).toContainEqual({ name: 'BERTH_MEDIA_URL', value: media.url })
    const gateway = podsOf(manifests).find(({ owner }) => owner === 'Deployment/berth-gateway')!.spec.containers[0]!
    expect(gateway.env).toEqual(
      expect.arrayContaining([
        { name: 'BERTH_MEDIA_URL', value: media.url },
        expect.objectContaining({ name: 'BERTH_MEDIA_S3_KEY_ID' }),
        expect.objectContaining({ name: 'BERTH_MEDIA_S3_SECRET' }),
      ]),
    )
    for (const name of ['berth-gateway', 'berth-worker']) {
      const { spec } = objectOf(manifests, 'NetworkPolicy', name)
      expect(JSON.stringify(spec.egress)).toContain('"port":9000')
      const { spec: without } = objectOf(await render(), 'NetworkPolicy', name)
      expect(JSON.stringify(without.egress)).not.toContain('"port":9000')
    }
  })

  test('a volume for files is mounted by gateway and workers, and can be written as their user', async () => {
    const volume = { enabled: true, size: '5Gi' }
    const manifests = await render(minimalWith({ media: { volume } }))
    const worker = await operatorPod({ media: { volume } })
    const gateway = podsOf(manifests).find(({ owner }) => owner === 'Deployment/berth-gateway')!.spec
    const media = [{ name: 'media', persistentVolumeClaim: { claimName: 'berth-media' } }]
    const mounts = [{ name: 'media', mountPath: '/media' }]
    expect([gateway.volumes, worker.volumes]).toEqual([media, media])
    expect([gateway.containers[0], worker]).toMatchObject([{ volumeMounts: mounts }, { volumeMounts: mounts }])
    const group = { fsGroup: 1000, fsGroupChangePolicy: 'OnRootMismatch' }
    expect([gateway.securityContext, worker.securityContext]).toMatchObject([group, group])
    const where = { name: 'BERTH_MEDIA_URL', value: 'file:///media' }
    expect(gateway.containers[0]?.env).toContainEqual(where)
    expect(worker.env).toContainEqual(where)
    expect(JSON.stringify(gateway)).not.toContain('BERTH_MEDIA_S3')
    const claim = objectOf(manifests, 'PersistentVolumeClaim', 'berth-media')
    expect(claim.spec).toEqual({ accessModes: ['ReadWriteMany'], resources: { requests: { storage: '5Gi' } } })
    expect(claim.metadata).toMatchObject({ annotations: { 'helm.sh/resource-policy': 'keep' } })

    const own = { volume: { enabled: true, existingClaim: 'shared' } }
    expect(namesOf(await render(minimalWith({ media: own })), 'PersistentVolumeClaim')).toEqual([])
    expect((await operatorPod({ media: own })).volumes).toMatchObject([
      { persistentVolumeClaim: { claimName: 'shared' } },
    ])
    expect(await operatorPod({})).not.toHaveProperty('volumes')
  })

  test("Meta's numbers: gateway and workers get the keys of their secrets, the gateway those of the platform's app", async () => {
    const cloudApi = { enabled: true, appSecret: 'meta-app' }
    const keys = { name: 'BERTH_CHANNEL_KEYS', valueFrom: secret('berth-worker', 'BERTH_CHANNEL_KEYS') }
    expect((await operatorPod({ cloudApi })).env).toContainEqual(keys)
    const envOf = async (values: object) => gatewayOf(await render(minimalWith(values))).template.spec.containers[0].env
    expect(await envOf({ cloudApi })).toEqual(
      expect.arrayContaining([
        keys,
        { name: 'WHATSAPP_VERIFY_TOKEN', valueFrom: secret('meta-app', 'WHATSAPP_VERIFY_TOKEN') },
        { name: 'WHATSAPP_APP_SECRET', valueFrom: secret('meta-app', 'WHATSAPP_APP_SECRET') },
      ]),
    )
    const without = JSON.stringify([await envOf({}), (await operatorPod({})).env])
    expect(without).not.toMatch(/BERTH_CHANNEL_KEYS|WHATSAPP_/)
  })

  test('the gateway gets out to the public Internet, on any port, and to the own network only if told so', async () => {
    const rulesOf = async (targets: string) => {
      const manifests = await render(minimalWith({ webhooks: { targets } }))
      const { webhookTargets } = readGatewayConfig(environmentOf(podsOf(manifests), 'Deployment/berth-gateway'))
      expect(webhookTargets).toBe(targets)
      const { egress } = objectOf(manifests, 'NetworkPolicy', 'berth-gateway').spec
      return egress.filter(({ ports }: { ports: { endPort?: number }[] }) => ports.some(({ endPort }) => endPort))
    }
    const ports = [{ port: 1, endPort: 65535, protocol: 'TCP' }]
    const to = [
      { ipBlock: { cidr: '0.0.0.0/0', except: IPV4_OTHERS.map(([net, prefix]) => `${net}/${prefix}`) } },
      { ipBlock: { cidr: '2000::/3', except: IPV6_OTHERS.map(([net, prefix]) => `${net}/${prefix}`) } },
    ]
    expect(await rulesOf('https')).toEqual([{ ports, to }])
    expect(await rulesOf('http')).toEqual([{ ports, to }])
    expect(await rulesOf('anywhere')).toEqual([{ ports }])
  })

  test("a trial's workers reach Meta only when there are numbers of Meta's", async () => {
    const publicOf = async (values: object) => {
      const { spec } = objectOf(await render(values, ['values-trial.yaml']), 'NetworkPolicy', 'berth-worker')
      return spec.egress.filter((rule: object) => JSON.stringify(rule).includes('0.0.0.0/0'))
    }
    expect(await publicOf({})).toEqual([])
    expect(await publicOf({ cloudApi: { enabled: true } })).toMatchObject([{ ports: [{ port: 443, protocol: 'TCP' }] }])
  })

  test("a trial's workers trust the trial's simulator", async () => {
    const manifests = await render({}, ['values-trial.yaml'])
    const { env = [] } = readConfig(environmentOf(podsOf(manifests), 'Deployment/berth-operator')).workerPod
    const simulator = podsOf(manifests).find(({ owner }) => owner === 'StatefulSet/berth-simulator')!.spec
      .containers[0]!
    const { rootKey } = parseOptions((simulator as unknown as { args: string[] }).args) as CommandLine
    // What stands before an X25519 key in PKCS #8.
    const key = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), rootKey!])
    const { x } = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' })
    expect(env).toContainEqual({
      name: 'BERTH_WHATSAPP_ROOT',
      value: Buffer.from(x!, 'base64url').toString('base64'),
    })
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
    const manifests = await render(minimalWith({ clusterScope }))
    expect(manifests.filter(({ kind }) => outside.includes(kind))).toEqual([])
    const { command } = podsOf(manifests).find(({ owner }) => owner === 'Job/berth-prepare')!.spec
      .containers[0] as unknown as {
      command: string[]
    }
    expect(command).toContain('--no-crds')
  })

  test('no network policies, if the cluster has its own', async () => {
    expect(namesOf(await render(minimalWith({ networkPolicy: { enabled: false } })), 'NetworkPolicy')).toEqual([])
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
    const manifests = await render(minimalWith({ tiers: { max: null, basic, free: { displayName: 'FREE', ...FREE } } }))
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

const secret = (name: string, key: string) => ({ secretKeyRef: { name, key } })

const FREE = {
  price: { amount: '0', currency: 'EUR' },
  sla: 'none',
  limits: { sessionsPerTenant: 1, requestsPerMinute: 1, messagesPerHour: 1, webhookEndpoints: 0, retentionDays: 1 },
  placement: { mode: 'Shared' },
  workers: {},
}
