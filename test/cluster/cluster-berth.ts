/**
 * A Berth on a real Kubernetes: operator, gateways and workers as pods, installed by the chart; Postgres and the simulator
 * beside the cluster, as in production.
 */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestCluster } from '@berth/cluster/cluster.ts'
import { run } from '@berth/cluster/command.ts'
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import type { BerthUnderTest } from '../chaos/berth-under-test.ts'
import type { Population } from '../chaos/population.ts'
import { LIMITS, untilTiersAreTakenUp } from '../chaos/tiers.ts'
import { diagnose } from './diagnosis.ts'
import { Release } from './helm.ts'
import type { Tags } from './images.ts'
import { Kubectl } from './kubectl.ts'
import { LoadBalancer } from './load-balancer.ts'
import { sessionManifest, tenantManifest } from './manifests.ts'
import { makeNamespace, makeSecret, removeNamespace, SECRET } from './namespace.ts'
import { Outside } from './outside.ts'
import { SecondInstallation } from './second-installation.ts'

const NAMESPACE = 'berth-e2e'
const RELEASE = 'berth'
/** Room for all of them on one node of two cores, when the other is lost. */
const WORKER = { cpu: '50m', memory: '512Mi' }

export interface ClusterOptions {
  cluster: TestCluster
  tags: Tags
  dataDir: string
  tell: (line: string) => void
}

/** The part of a Service that we read. */
interface Service {
  spec: { ports: { nodePort: number }[] }
}

export class ClusterBerth implements BerthUnderTest {
  readonly isShared = false
  readonly cluster: TestCluster
  readonly tags: Tags
  readonly dataDir: string
  readonly kubeconfig: string
  readonly kubectl: Kubectl
  readonly release: Release
  readonly second: SecondInstallation
  readonly #outside: Outside
  readonly #balancer: LoadBalancer
  #nodePort = 0

  private constructor(options: ClusterOptions, kubeconfig: string, outside: Outside, balancer: LoadBalancer) {
    const { cluster, tags, dataDir } = options
    this.cluster = cluster
    this.tags = tags
    this.dataDir = dataDir
    this.kubeconfig = kubeconfig
    this.kubectl = new Kubectl(cluster.kubectl, kubeconfig, NAMESPACE)
    this.release = new Release(cluster.helm, kubeconfig, NAMESPACE, RELEASE)
    this.second = new SecondInstallation(this)
    this.#outside = outside
    this.#balancer = balancer
  }

  /** Installs it; what an earlier run left behind goes first. */
  static async start(options: ClusterOptions): Promise<ClusterBerth> {
    const { cluster, dataDir, tell } = options
    const kubeconfig = join(dataDir, 'kubeconfig')
    await copyFile(cluster.kubeconfig, kubeconfig)
    const useNamespace = ['config', 'set-context', '--current', `--namespace=${NAMESPACE}`]
    await run(cluster.kubectl, ['--kubeconfig', kubeconfig, ...useNamespace])
    const outside = await Outside.start(dataDir, cluster.hostAddress, tell)
    const balancer = await LoadBalancer.start(cluster.nodes.map(({ address }) => address))
    const berth = new ClusterBerth(options, kubeconfig, outside, balancer)
    try {
      await berth.#takeAway()
      await makeNamespace(berth.kubectl)
      await makeSecret(berth.kubectl, outside.databaseUrlForPods)
      await berth.install()
      return berth
    } catch (error) {
      tell(await berth.diagnose())
      await berth.leave()
      throw error
    }
  }

  get gatewayUrl(): string {
    return this.#balancer.url
  }

  get simulatorUrl(): string {
    return this.#outside.simulatorUrl
  }

  get databaseUrl(): string {
    return this.#outside.databaseUrl
  }

  /** Where pods find Postgres. */
  get databaseAddress(): { address: string; port: number } {
    return this.#outside.databaseAddress
  }

  /** `helm install`, with the port that the gateway had before, if there was one. */
  async install(): Promise<void> {
    await this.release.install(await this.values(this.tags.current))
    const service = await this.kubectl.json<Service>(['get', 'service/berth-gateway'])
    this.#nodePort = service.spec.ports[0]!.nodePort
    this.#balancer.nodePort = this.#nodePort
  }

  async values(tag: string): Promise<object> {
    const tier = { limits: LIMITS, workers: { template: WORKER } }
    return {
      image: { tag },
      secrets: { existingSecret: SECRET },
      whatsapp: await this.#outside.whatsapp(),
      networkPolicy: { postgresPort: this.databaseAddress.port },
      gateway: { service: { type: 'NodePort', nodePort: this.#nodePort } },
      tiers: { basic: tier, pro: tier, max: tier },
    }
  }

  async processOf({ metadata, status }: Pod): Promise<number | undefined> {
    const container = status?.containerStatuses?.[0]
    if (!container?.state?.running) return undefined
    return (await this.cluster.containerProcesses(metadata.uid!, container.name))[0]
  }

  stopPostgres(): Promise<void> {
    return this.#outside.database.stop()
  }

  startPostgres(): Promise<void> {
    return this.#outside.database.restart()
  }

  /** By kubectl, as platform people do, sessions too. */
  async makeCustomers(kube: KubeClient, { tenants, accounts }: Population): Promise<void> {
    await untilTiersAreTakenUp(kube)
    await this.kubectl.apply([
      ...tenants.map(({ name, tier }) => tenantManifest(name, tier)),
      ...accounts.map(({ tenant, session }) => sessionManifest(tenant, session)),
    ])
  }

  /** What is wrong, in kubectl's words; the logs of all pods are left in the data folder. */
  diagnose(): Promise<string> {
    return diagnose(this.kubectl, join(this.dataDir, 'diagnosis'))
  }

  async leave(): Promise<void> {
    await this.diagnose()
    try {
      await this.#takeAway()
    } finally {
      await this.#balancer.stop()
      await this.#outside.stop()
    }
  }

  kill(): void {
    this.#outside.kill()
  }

  async #takeAway(): Promise<void> {
    await this.second.remove()
    await this.release.uninstall(false)
    await removeNamespace(this.kubectl)
  }
}
