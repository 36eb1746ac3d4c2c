/** What both sides run against: Postgres as in production, a Kubernetes API, the simulator in a process of its own. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { ensureDatabase, openOperatorPool, prepareDatabase } from '@berth/local/database.ts'
import { freePort } from '@berth/local/ports.ts'
import { type Postgres, startPostgres } from '@berth/local/postgres/postgres.ts'
import { removeWithUs } from '@berth/local/postgres/testing.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { parse, stringify } from 'yaml'
import { until } from '../chaos/until.ts'
import { startTestCluster, type TestCluster } from '../kube-client/cluster.ts'
import { Child } from './child.ts'
import { each } from './each.ts'
import { Profiler } from './profile/profiler.ts'
import { Relay } from './relay.ts'

/** A phone that is linked, and who writes with it. */
export interface Account {
  number: string
  contact: string
}

export const TOKEN = 'token-of-the-bench-installation'
const START_TIMEOUT_MS = 30_000
/** As root, Postgres runs as another user, who must be able to walk there. */
const PARENT = process.getuid?.() === 0 ? '/var/tmp' : tmpdir()
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
    parts: Pick<Stage, 'databaseUrl' | 'postgres' | 'cluster' | 'kubeconfig' | 'simulatorUrl' | 'relay'>,
    simulator: Child,
    removeFiles: () => Promise<void>,
    profiles: string | undefined,
  ) {
    this.databaseUrl = parts.databaseUrl
    this.postgres = parts.postgres
    this.cluster = parts.cluster
    this.kubeconfig = parts.kubeconfig
    this.simulatorUrl = parts.simulatorUrl
    this.relay = parts.relay
    this.simulatorPid = simulator.pid
    this.simulator = new SimulatorClient(parts.simulatorUrl)
    this.profiler = profiles === undefined ? undefined : new Profiler(profiles)
    this.operator = openOperatorPool(parts.databaseUrl)
    this.gateway = openPool({ url: parts.databaseUrl, role: 'berth_gateway', application: 'berth-bench', max: 2 })
    this.#closers = [
      () => Promise.all([this.operator.end(), this.gateway.end()]),
      () => parts.relay.close(),
      () => simulator.stop(),
      () => parts.cluster.close(),
      () => parts.postgres.stop(),
      removeFiles,
    ]
  }

  /** @param profiles a folder for CPU profiles; without it there are none */
  static async start(profiles?: string): Promise<Stage> {
    const dataDir = await mkdtemp(join(PARENT, 'berth-bench-'))
    await chmod(dataDir, 0o711)
    const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres') })
    const letGo = removeWithUs(postgres.pid, dataDir)
    const databaseUrl = await ensureDatabase(postgres.url)
    await prepareDatabase(databaseUrl)
    const cluster = await startTestCluster()
    const kubeconfig = join(dataDir, 'kubeconfig')
    await writeFile(kubeconfig, inNamespace(await readFile(cluster.kubeconfig, 'utf8'), cluster.config.namespace))
    const port = await freePort()
    const simulator = new Child(SIMULATOR, { args: ['--data', join(dataDir, 'simulator'), '--port', String(port)] })
    const simulatorUrl = `http://127.0.0.1:${port}`
    await until('the simulator listens', START_TIMEOUT_MS, () => new SimulatorClient(simulatorUrl).info())
    const relay = await Relay.before({ host: '127.0.0.1', port })
    const removeFiles = async () => {
      letGo()
      await rm(dataDir, { recursive: true, force: true })
    }
    const parts = { databaseUrl, postgres, cluster, kubeconfig, simulatorUrl, relay }
    return new Stage(parts, simulator, removeFiles, profiles)
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

/** The same access, to one namespace. */
function inNamespace(kubeconfig: string, namespace: string): string {
  const config = parse(kubeconfig) as { contexts: { context: { namespace?: string } }[] }
  for (const { context } of config.contexts) context.namespace = namespace
  return stringify(config)
}
