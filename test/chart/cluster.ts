/** A real API server without nodes, and our chart installed in it. Hooks are not run by Helm there: nothing would run their pods. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { run } from '@berth/cluster/command.ts'
import { type ControlPlane, startControlPlane } from '@berth/cluster/control-plane/standalone.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { type KubeConfig, loadKubeConfig } from '@berth/core/kube/config.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { NamespaceKind } from '@berth/core/model/kind.ts'
import { until } from '../chaos/until.ts'
import { berthHere, type Outcome } from '../cli/berth.ts'
import { CHART, helm, type Manifest, MINIMAL, render, type ValuesFile } from './chart.ts'

export class ChartCluster {
  readonly #plane: ControlPlane
  readonly #config: KubeConfig
  readonly #clients: KubeClient[] = []

  private constructor(plane: ControlPlane, config: KubeConfig) {
    this.#plane = plane
    this.#config = config
  }

  /** @param controllers also those that make pods from deployments and remove what is owned by what is gone */
  static async start(controllers = false): Promise<ChartCluster> {
    const plane = await startControlPlane({ controllers, onProgress: (line) => console.error(line) })
    const cluster = new ChartCluster(plane, await loadKubeConfig({ kubeconfig: plane.kubeconfig }))
    try {
      await cluster.must('prepare --no-database', plane.kubeconfig)
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    await this.#plane.stop()
  }

  /** An administrator's kubeconfig. */
  get kubeconfig(): string {
    return this.#plane.kubeconfig
  }

  /** Helm with an administrator's rights. */
  helm(args: string[], values?: object, files?: ValuesFile[]): Promise<string> {
    return helm([...args, '--kubeconfig', this.#plane.kubeconfig], values, files)
  }

  /** kubectl with an administrator's rights; what it warns of is an error. */
  kubectl(namespace: string, args: string[], input?: string): Promise<string> {
    const options = ['--kubeconfig', this.#plane.kubeconfig, '--namespace', namespace, '--warnings-as-errors']
    return run(this.#plane.kubectl, [...options, ...args], input === undefined ? undefined : Readable.from(input))
  }

  /** One that takes restricted pods only, as the chart promises to make. */
  async makeNamespace(): Promise<Installed> {
    const name = `chart-${randomBytes(3).toString('hex')}`
    const labels = {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    }
    await this.as(name).create(NamespaceKind, { metadata: { name, labels } })
    return new Installed(this, name)
  }

  /** A client in a namespace: an administrator's, or that of a token. */
  as(namespace: string, token?: string): KubeClient {
    const { server, ca, source } = this.#config
    const config = token ? { server, ca, source, namespace, token } : { ...this.#config, namespace }
    const client = new KubeClient(config, { component: 'test', qps: 1000, burst: 1000 })
    this.#clients.push(client)
    return client
  }

  /** The same for our command line. */
  async kubeconfigOf(namespace: string, token: string): Promise<string> {
    const { server, ca = '' } = this.#config
    const config = {
      'current-context': 'token',
      clusters: [{ name: 'token', cluster: { server, 'certificate-authority-data': btoa(ca) } }],
      users: [{ name: 'token', user: { token } }],
      contexts: [{ name: 'token', context: { cluster: 'token', user: 'token', namespace } }],
    }
    const file = path.join(path.dirname(this.#plane.logs), `${namespace}-${randomBytes(3).toString('hex')}.json`)
    await writeFile(file, JSON.stringify(config), { mode: 0o600 })
    return file
  }

  /** Our command line, which must go well; answers what it printed. */
  async must(line: string, kubeconfig: string, input?: string): Promise<string> {
    const outcome = await this.berth(line, kubeconfig, input)
    if (outcome.code !== 0) throw new Error(`berth ${line}: ${outcome.err}${outcome.out}`)
    return outcome.out
  }

  berth(line: string, kubeconfig: string, input?: string): Promise<Outcome> {
    return berthHere(line.split(' '), { env: { KUBECONFIG: kubeconfig }, input })
  }
}

/** A namespace in which the chart is, or may be, installed. */
export class Installed {
  readonly namespace: string
  /** An administrator's. */
  readonly client: KubeClient
  readonly #cluster: ChartCluster
  #manifests: Promise<Manifest[]> | undefined

  constructor(cluster: ChartCluster, namespace: string) {
    this.#cluster = cluster
    this.namespace = namespace
    this.client = cluster.as(namespace)
  }

  /** `helm install berth` or `helm upgrade berth`. */
  helm(verb: 'install' | 'upgrade', values: object = MINIMAL, files: ValuesFile[] = []): Promise<string> {
    return this.#cluster.helm([verb, 'berth', CHART, '--namespace', this.namespace, '--no-hooks'], values, files)
  }

  uninstall(): Promise<string> {
    return this.#cluster.helm(['uninstall', 'berth', '--namespace', this.namespace, '--no-hooks'])
  }

  kubectl(args: string[], input?: string): Promise<string> {
    return this.#cluster.kubectl(this.namespace, args, input)
  }

  /** Makes what a hook needs, but not its job, and answers a kubeconfig with its rights, and its manifests. */
  async hook(name: 'prepare' | 'shutdown' | 'doctor', values: object = MINIMAL): Promise<Hook> {
    const all = await render(values, [], this.namespace)
    const own = all.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === `berth-${name}`)
    const manifests = own.map((one) => ({ ...one, metadata: { ...one.metadata, namespace: this.namespace } }))
    const needs = manifests.filter(({ kind }) => kind !== 'Job')
    await this.kubectl(['apply', '--server-side', '--filename=-'], asList(needs))
    const token = await this.tokenOf(`berth-${name}`)
    await this.#untilRightsHold(this.#cluster.as(this.namespace, token), manifests)
    return { manifests, token, kubeconfig: await this.#cluster.kubeconfigOf(this.namespace, token) }
  }

  /** A token of a service account, bound to a pod as those are that the kubelet mounts. */
  async tokenOf(account: string, pod?: Pod): Promise<string> {
    const { name, uid } = pod?.metadata ?? {}
    const boundObjectRef = pod && { apiVersion: 'v1', kind: 'Pod', name, uid }
    const url = `/api/v1/namespaces/${this.namespace}/serviceaccounts/${account}/token`
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } }
    const { status } = await this.client.request<{ status: { token: string } }>('POST', url, { body })
    return status.token
  }

  /** A client with the rights of a service account of the release. */
  async as(account: string, pod?: Pod): Promise<KubeClient> {
    const client = this.#cluster.as(this.namespace, await this.tokenOf(account, pod))
    this.#manifests ??= render(MINIMAL, [], this.namespace)
    const manifests = await this.#manifests
    await this.#untilRightsHold(
      client,
      manifests.filter(({ metadata }) => metadata.name === account),
    )
    return client
  }

  /** A new role takes effect after a moment. */
  async #untilRightsHold(client: KubeClient, manifests: Manifest[]): Promise<void> {
    for (const { kind, metadata, rules = [] } of manifests.filter((one) => /^(Cluster)?Role$/.test(one.kind))) {
      for (const { apiGroups, resources, resourceNames, verbs } of rules as Rule[]) {
        const [resource, subresource] = resources[0]!.split('/')
        const resourceAttributes = {
          ...{ group: apiGroups[0], resource, subresource, verb: verbs[0], name: resourceNames?.[0] },
          ...(kind === 'Role' ? { namespace: this.namespace } : {}),
        }
        const body = {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes },
        }
        await until(`${kind} ${metadata.name} holds`, RIGHTS_MS, async () => {
          const { status } = await client.request<{ status: { allowed: boolean } }>('POST', REVIEWS, { body })
          return status.allowed
        })
      }
    }
  }
}

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
const RIGHTS_MS = 30_000

interface Rule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}

interface Hook {
  manifests: Manifest[]
  token: string
  kubeconfig: string
}

export const asList = (items: object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
