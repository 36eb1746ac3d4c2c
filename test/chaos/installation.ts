/** The customers of one chaos run: on all tiers of a Berth, with linked accounts, groups and people who write with them. */
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { PodKind, SessionKind } from '@berth/core/model/kind.ts'
import { resourceNameOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import { findTenantId } from '@berth/core/postgres/api-keys.ts'
import { ensureApiKey, openOperatorPool } from '@berth/local/database.ts'
import { SimulatorClient, SimulatorClientError } from '@berth/simulator/client.ts'
import { ApiClient } from './api-client.ts'
import type { BerthUnderTest } from './berth-under-test.ts'
import type { Account, Population } from './population.ts'
import { until } from './until.ts'

/** A worker process, and the accounts that are placed on it. */
export interface RunningWorker {
  /** Of the pod and of the Worker. */
  name: string
  pid: number
  /** How often its container was started again. */
  restarts: number
  accounts: string[]
}

export interface GroupChat {
  id: string
  /** The phone numbers of all but the account. */
  members: string[]
}

const CONTACTS_IN_GROUP = 2
const SETUP_TIMEOUT_MS = 180_000
const LINKED_AT_ONCE = 4
const MANAGER = 'chaos'

export class Installation<B extends BerthUnderTest = BerthUnderTest> {
  readonly berth: B
  readonly kube: KubeClient
  readonly simulator: SimulatorClient
  readonly accounts: Account[]
  /** What was before is none of ours. Unix milliseconds. */
  readonly begunAt = Date.now()
  readonly #clients = new Map<string, ApiClient>()
  readonly #groups = new Map<string, GroupChat>()
  /** Whatever ends the harness, its processes must not outlive it. */
  readonly #kill = () => this.berth.kill()

  private constructor(berth: B, kube: KubeClient, accounts: Account[]) {
    this.berth = berth
    this.kube = kube
    this.accounts = accounts
    this.simulator = new SimulatorClient(berth.simulatorUrl)
    process.once('exit', this.#kill)
  }

  /** In that Berth, which is left when it can't be done. Resolves when every account is linked and connected. */
  static async start<B extends BerthUnderTest>(
    berth: B,
    population: Population,
    signal?: AbortSignal,
  ): Promise<Installation<B>> {
    const kube = new KubeClient(await loadKubeConfig({ kubeconfig: berth.kubeconfig }), { component: MANAGER })
    const { tenants, accounts } = population
    const installation = new Installation(berth, kube, accounts)
    try {
      await berth.makeCustomers(kube, population)
      await installation.#makeKeys(tenants.map(({ name }) => name))
      await installation.#addPhones()
      await installation.#addGroups()
      await installation.#linkAll(signal)
      return installation
    } catch (error) {
      await installation.stop()
      throw error
    }
  }

  clientOf(account: Account): ApiClient {
    return this.#clients.get(account.tenant)!
  }

  /** A group that the account is in. */
  groupOf(account: Account): GroupChat {
    return this.#groups.get(account.number)!
  }

  /** Those that run now and hold at least one account. */
  async workers(): Promise<RunningWorker[]> {
    const [{ items: pods }, sessions] = await Promise.all([
      this.kube.list(PodKind, { labelSelector: 'app.kubernetes.io/name=berth-worker' }),
      this.sessions(),
    ])
    const pids = await Promise.all(pods.map((pod) => this.berth.processOf(pod)))
    return pods.flatMap((pod, i) => {
      const name = pod.metadata.name!
      const pid = pids[i]
      const accounts = this.accounts
        .filter((account) => sessions.get(account.number)?.status?.placement?.worker === name)
        .map(({ number }) => number)
      const restarts = pod.status?.containerStatuses?.[0]?.restartCount ?? 0
      return pid !== undefined && accounts.length > 0 ? [{ name, pid, restarts, accounts }] : []
    })
  }

  /** The resources, by phone number. */
  async sessions(): Promise<Map<string, WhatsAppSession>> {
    const { items } = await this.kube.list(SessionKind)
    const byName = new Map(items.map((session) => [session.metadata.name, session]))
    return new Map(
      this.accounts.flatMap((account) => {
        const session = byName.get(resourceNameOf(account.tenant, account.session))
        return session ? [[account.number, session] as const] : []
      }),
    )
  }

  /** Each account's worker, by phone number. */
  async placements(): Promise<Map<string, string | undefined>> {
    const sessions = [...(await this.sessions())]
    return new Map(sessions.map(([number, { status }]) => [number, status?.placement?.worker]))
  }

  /** The accounts that are not back, and why; as the simulator and the resources tell, which must agree. */
  async notConnected(): Promise<string[]> {
    const [devices, sessions] = await Promise.all([this.simulator.devices(), this.sessions()])
    const active = new Set(devices.filter((device) => device.active).map(({ number }) => number))
    return this.accounts.flatMap(({ number }) => {
      const { connection, conditions } = sessions.get(number)?.status ?? {}
      const isReady = conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
      if (active.has(number) && isReady && connection?.state === 'Connected') return []
      const ready = conditions?.find(({ type }) => type === 'Ready')
      return [`${number} ${active.has(number) ? 'on line' : 'off line'}, ${connection?.state}, ${ready?.reason}`]
    })
  }

  async stop(): Promise<void> {
    await this.berth.leave(this.kube)
    await this.kube.close()
    process.off('exit', this.#kill)
  }

  async #makeKeys(tenants: string[]): Promise<void> {
    const pool = openOperatorPool(this.berth.databaseUrl)
    try {
      for (const tenant of tenants) {
        const id = await until(`tenant ${tenant}`, SETUP_TIMEOUT_MS, () => findTenantId(pool, tenant))
        this.#clients.set(tenant, new ApiClient(this.berth.gatewayUrl, await ensureApiKey(pool, id, undefined)))
      }
    } finally {
      await pool.end()
    }
  }

  async #addPhones(): Promise<void> {
    const contacts = new Set(this.accounts.flatMap((account) => account.contacts))
    for (const { number } of this.accounts) await this.#addPhone(number, `Account ${number}`)
    for (const number of contacts) await this.#addPhone(number, `Contact ${number}`)
  }

  /** The simulator forgets no phone: in a Berth of somebody else an earlier run may have made it. */
  async #addPhone(number: string, name: string): Promise<void> {
    await this.simulator.createPhone({ number, name }).catch((error) => {
      if (!(error instanceof SimulatorClientError && error.code === 'phone_exists')) throw error
    })
  }

  async #addGroups(): Promise<void> {
    const known = new Map((await this.simulator.groups()).map(({ subject, id }) => [subject, id]))
    for (const { number, contacts } of this.accounts) {
      const members = contacts.slice(0, CONTACTS_IN_GROUP)
      const subject = `Group of ${number}`
      const create = () => this.simulator.createGroup({ subject, members: [...members, number] })
      const id = known.get(subject) ?? (await create()).id
      this.#groups.set(number, { id, members })
    }
  }

  async #linkAll(signal: AbortSignal | undefined): Promise<void> {
    const waiting = this.accounts.values()
    const linkNext = async () => {
      for (const account of waiting) await this.#link(account, signal)
    }
    await Promise.all(Array.from({ length: LINKED_AT_ONCE }, linkNext))
    await until('all accounts are connected', SETUP_TIMEOUT_MS, async () => (await this.notConnected()).length === 0)
  }

  async #link(account: Account, signal: AbortSignal | undefined): Promise<void> {
    const client = this.clientOf(account)
    const path = `/v1/sessions/${account.session}`
    const created = await client.request('PUT', path, {})
    if (created.status >= 300) throw new Error(`PUT ${path}: ${created.status} ${JSON.stringify(created.body)}`)
    const scan = async () => {
      const { status, body } = await client.request('GET', `${path}/qr`, undefined, { accept: 'application/json' })
      return status === 200 && (await this.simulator.scan(account.number, body.qr))
    }
    await until(`${account.tenant}/${account.session} is linked`, SETUP_TIMEOUT_MS, scan, signal)
  }
}
