/** What both sides run against: Postgres as in production, a Kubernetes API, the simulator in a process of its own. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { openOperatorPool } from '@berth/local/database.ts'
import { freePort } from '@berth/local/ports.ts'
import type { Postgres } from '@berth/local/postgres/postgres.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { until } from '../chaos/until.ts'
import type { TestCluster } from '../kube-client/cluster.ts'
import { Child } from './child.ts'
import { each } from './each.ts'
import { type Ground, startGround } from './ground.ts'
import { Profiler } from './profile/profiler.ts'
import { Relay } from './relay.ts'

/** A phone that is linked, and who writes with it. */
export interface Account {
  number: string
  contact: string
}

export const TOKEN = 'token-of-the-bench-installation'
const START_TIMEOUT_MS = 120_000
const SIMULATOR = fileURLToPath(import.meta.resolve('@berth/simulator/main.ts'))
const PHONES_AT_ONCE = 8

export class Stage {
  readonly databaseUrl: string
  readonly postgres: Postgres
  readonly operator: Pool
  readonly gateway: Pool
  readonly cluster: TestCluster
  readonly kubeconfig: string
  readonly simulatorUrl: string
  readonly simulator: SimulatorClient
  readonly simulatorPid: number
  readonly relay: Relay
  readonly encryptionKeys = KeyRing.generate()
  readonly profiler: Profiler | undefined
  readonly #closers: (() => unknown)[]
  #accounts = 0

  private constructor(
    ground: Ground,
    simulator: { url: string; process: Child },
    relay: Relay,
    profiles: string | undefined,
  ) {
    this.databaseUrl = ground.databaseUrl
    this.postgres = ground.postgres
    this.cluster = ground.cluster
    this.kubeconfig = ground.kubeconfig
    this.simulatorUrl = simulator.url
    this.relay = relay
    this.simulatorPid = simulator.process.pid
    this.simulator = new SimulatorClient(simulator.url)
    this.profiler = profiles === undefined ? undefined : new Profiler(profiles)
    this.operator = openOperatorPool(ground.databaseUrl)
    this.gateway = openPool({ url: ground.databaseUrl, role: 'berth_gateway', application: 'berth-bench', max: 2 })
    this.#closers = [
      () => Promise.all([this.operator.end(), this.gateway.end()]),
      () => relay.close(),
      () => simulator.process.stop(),
      () => ground.close(),
    ]
  }

  /** @param profiles a folder for CPU profiles; without it there are none */
  static async start(profiles?: string): Promise<Stage> {
    const ground = await startGround()
    const port = await freePort()
    const data = join(ground.dataDir, 'simulator')
    const simulator = new Child(SIMULATOR, { args: ['--data', data, '--port', String(port)] })
    const url = `http://127.0.0.1:${port}`
    await until('the simulator listens', START_TIMEOUT_MS, () => new SimulatorClient(url).info())
    const relay = await Relay.before({ host: '127.0.0.1', port })
    return new Stage(ground, { url, process: simulator }, relay, profiles)
  }

  /** The simulator as both sides reach it: through the relay. */
  async websocketUrl(): Promise<string> {
    const url = new URL((await this.simulator.info()).websocketUrl)
    url.port = String(this.relay.port)
    return url.href
  }

  /** Phones to link, with a contact each; nobody has used them before. */
  async addAccounts(count: number): Promise<Account[]> {
    const accounts = Array.from({ length: count }, () => {
      const number = String(this.#accounts++).padStart(6, '0')
      return { number: `55119${number}01`, contact: `55219${number}02` }
    })
    await each(accounts, PHONES_AT_ONCE, async ({ number, contact }) => {
      await this.simulator.createPhone({ number, name: 'Account' })
      await this.simulator.createPhone({ number: contact, name: 'Contact' })
    })
    return accounts
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close()
  }
}
