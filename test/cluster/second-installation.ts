/**
 * A second installation in a namespace of its own, as somebody tries Berth out: values-trial.yaml, with Postgres and the
 * simulator in the cluster. One customer, one account, one contact.
 */
import { randomUUID } from 'node:crypto'
import type { Pod } from '@berth/core/model/builtin.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { ApiClient } from '../chaos/api-client.ts'
import { until } from '../chaos/until.ts'
import type { ClusterBerth } from './cluster-berth.ts'
import { Release } from './helm.ts'
import { Kubectl } from './kubectl.ts'
import { sessionManifest, tenantManifest } from './manifests.ts'
import { makeNamespace, removeNamespace } from './namespace.ts'
import { TIMEOUT_MS } from './place.ts'
import { PortForward } from './port-forward.ts'

const NAMESPACE = 'berth-trial'
const RELEASE = 'trial'
const VALUES = 'values-trial.yaml'
const TENANT = 'acme'
const SESSION = 'support'
const ACCOUNT = '5511700009001'
const CONTACT = '5521800009001'

interface Calls {
  api: ApiClient
  simulator: SimulatorClient
}

export class SecondInstallation {
  readonly #kubectl: Kubectl
  readonly #release: Release
  #apiKey = ''
  /** Of the pods, when all was up. */
  #pods = ''

  constructor({ cluster, kubeconfig }: ClusterBerth) {
    this.#kubectl = new Kubectl(cluster.kubectl, kubeconfig, NAMESPACE)
    this.#release = new Release(cluster.helm, kubeconfig, NAMESPACE, RELEASE)
  }

  /** Installs it, links the account, and has a message go each way. */
  async install(tag: string): Promise<void> {
    await this.remove()
    await makeNamespace(this.#kubectl)
    // The test cluster makes no volumes.
    const persistence = { enabled: false }
    await this.#release.install({ image: { tag }, postgres: { persistence }, simulator: { persistence } }, [VALUES])
    await this.#kubectl.apply([tenantManifest(TENANT, 'basic'), sessionManifest(TENANT, SESSION)])
    // The command line is in the operator's image, with the database at hand.
    const makeKey = ['exec', 'deployment/berth-operator', '--', 'node', '/app/berth.js', 'keys', 'create', TENANT]
    this.#apiKey = await until('an API key is made', TIMEOUT_MS, async () => (await this.#kubectl.run(makeKey)).trim())
    await this.#with(async (calls) => {
      await this.#link(calls)
      await this.#exchange(calls)
    })
    this.#pods = await this.#describePods()
  }

  /** Throws when anything happened to it since it was installed: a connection that ended, a pod that is another. */
  async requireUndisturbed(): Promise<void> {
    await this.#with(async (calls) => {
      const connections = await calls.simulator.connections({ number: ACCOUNT })
      const logins = connections.filter(({ loginAt }) => loginAt !== null)
      const last = logins.at(-1)
      if (logins.length !== 1 || last?.closedAt !== null) {
        throw new Error(`The second installation was disturbed: its session logged in ${logins.length} times.`)
      }
      await this.#exchange(calls)
    })
    const pods = await this.#describePods()
    if (pods !== this.#pods) {
      throw new Error(`The second installation was disturbed. Its pods were ${this.#pods}; now they are ${pods}.`)
    }
  }

  async uninstall(): Promise<void> {
    await this.#release.uninstall()
    await removeNamespace(this.#kubectl)
  }

  /** Whatever is left of it. */
  async remove(): Promise<void> {
    await this.#release.uninstall(false)
    await removeNamespace(this.#kubectl)
  }

  async #link({ api, simulator }: Calls): Promise<void> {
    for (const number of [ACCOUNT, CONTACT]) await simulator.createPhone({ number, name: number })
    await until('the account of the second installation is linked', TIMEOUT_MS, async () => {
      const { status, body } = await api.request('GET', `/v1/sessions/${SESSION}/qr`, undefined, {
        accept: 'application/json',
      })
      return status === 200 && (await simulator.scan(ACCOUNT, body.qr))
    })
    await until('it is connected', TIMEOUT_MS, async () => {
      return (await simulator.devices()).some(({ number, active }) => number === ACCOUNT && active)
    })
  }

  /** One message each way. */
  async #exchange({ api, simulator }: Calls): Promise<void> {
    const text = randomUUID()
    const sent = await api.send(SESSION, CONTACT, text, text)
    if (sent.status !== 200) throw new Error(`The second installation does not send: ${JSON.stringify(sent)}`)
    await simulator.sendText(CONTACT, ACCOUNT, text)
    await until('its message is on the phone', TIMEOUT_MS, async () => {
      return (await simulator.messages(CONTACT, ACCOUNT)).some((one) => one.direction === 'in' && one.text === text)
    })
    await until('its contact is heard', TIMEOUT_MS, async () => {
      return (await api.incoming(SESSION)).some((one) => one.text === text)
    })
  }

  /** Through the API server, as somebody without a way into the cluster's network. */
  async #with(work: (calls: Calls) => Promise<void>): Promise<void> {
    const gateway = await PortForward.open(this.#kubectl, 'service/berth-gateway', 80)
    try {
      const simulator = await PortForward.open(this.#kubectl, 'service/berth-simulator', 7800)
      try {
        await work({ api: new ApiClient(gateway.url, this.#apiKey), simulator: new SimulatorClient(simulator.url) })
      } finally {
        await simulator.close()
      }
    } finally {
      await gateway.close()
    }
  }

  /** Names and restarts of the pods that stay. */
  async #describePods(): Promise<string> {
    const get = ['get', 'pods', '--field-selector=status.phase=Running']
    const { items } = await this.#kubectl.json<{ items: Pod[] }>(get)
    const lines = items.map(({ metadata, status }) => {
      const restarts = status?.containerStatuses?.reduce((sum, { restartCount }) => sum + restartCount, 0)
      return `${metadata.name} (${restarts} restarts)`
    })
    return lines.toSorted().join(', ')
  }
}
