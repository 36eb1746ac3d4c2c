/**
 * The whole of Berth on one machine: Postgres, the Kubernetes API, the WhatsApp simulator, the operator and the gateway as
 * child processes, and the kubelet, which runs the workers, in this one. `npm start` and tests bring it up with this.
 *
 * What was left behind by an earlier run that was killed is ended first. Then what does not need one another starts at
 * the same time: Postgres and its schema, the Kubernetes API, the simulator; after them the kubelet, operator and gateway.
 */
import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { LeaseKind, PodKind } from '@berth/core/model/kind.ts'
import { clone } from './clone.ts'
import {
  createDemoTenant,
  DEMO_TENANT,
  freeOperatorLease,
  NAMESPACE,
  OPERATOR_LEASE,
  prepareControlPlane,
  WORKER_SECRET,
  writeKubeconfig,
} from './control-plane.ts'
import { ensureApiKey, ensureDatabase, findTenant, openOperatorPool, prepareDatabase } from './database.ts'
import { nodeCommand } from './kubelet/image.ts'
import { type Kubelet, startKubelet } from './kubelet/kubelet.ts'
import { lockFolderPatiently, type RunLock } from './lock.ts'
import { type PostgresService, startPostgresService } from './postgres/service.ts'
import { answers } from './process/answers.ts'
import { signal, signalGroup } from './process/identity.ts'
import { ProcessLedger } from './process/ledger.ts'
import { shortenLogs } from './process/log-file.ts'
import { Service } from './process/service.ts'
import { choosePorts, type Ports, readSettings, type Settings, writeSettings } from './settings.ts'

export interface BerthOptions {
  dataDir: string
  /** 'real': no simulator; sessions go to WhatsApp itself. */
  whatsapp?: 'simulator' | 'real'
  /** Of an external Postgres; without it an embedded one is started. */
  databaseUrl?: string
  /** The gateway's; the next free one when it is taken. */
  port?: number
  /** Ports that are free instead of the usual ones. */
  anyPorts?: boolean
  /** Says nothing. */
  quiet?: boolean
  /** Takes the lines for a person; console.log by default. */
  tell?: (line: string) => void
  /** Stops the start. */
  signal?: AbortSignal
}

export interface Berth {
  gatewayUrl: string
  /** Absent with the real WhatsApp. */
  simulatorUrl?: string
  kubernetesUrl: string
  /** Path. */
  kubeconfig: string
  /** Of the tenant demo; absent when there is no such tenant. */
  apiKey?: string
  databaseUrl: string
  dataDir: string
  logsDir: string
  /** What was not ready in time, in words. */
  stillStarting: string[]
  /** The processes beside the workers: kubernetes, simulator, operator, gateway, postgres; by name. */
  pids(): Record<string, number>
  /** For a second start from the same folder to say. */
  announce(summary: string): void
  /** In order, with a line each. */
  stop(): Promise<void>
  /** At once: nothing is lost, but WhatsApp sees connections break. */
  kill(): void
}

const READY_TIMEOUT_MS = 30_000
const READY_POLL_MS = 50
const SHORTEN_LOGS_EVERY_MS = 30_000

/** Throws AlreadyRuns; and, when something does not start, an error that says what and why, with all of it stopped. */
export async function startBerth(options: BerthOptions): Promise<Berth> {
  prepareFolder(options.dataDir)
  const lock = await lockFolderPatiently(path.join(options.dataDir, 'run'), lineTo(options))
  const composition = new Composition(options, lock)
  try {
    await composition.start()
    return composition
  } catch (error) {
    await composition.stop()
    throw error
  }
}

/** Where lines for a person go. */
const lineTo = ({ quiet, tell = console.log }: BerthOptions) => (quiet ? () => {} : (line: string) => tell(`  ${line}`))

/** Everybody may walk through it as root, since the Postgres user must; what is in it has its own, closed modes. */
function prepareFolder(dataDir: string): void {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700
  mkdirSync(dataDir, { recursive: true, mode })
  chmodSync(dataDir, mode)
}

class Composition implements Berth {
  readonly dataDir: string
  readonly logsDir: string
  readonly kubeconfig: string
  readonly stillStarting: string[] = []
  databaseUrl = ''
  apiKey: string | undefined
  readonly #options: BerthOptions
  readonly #tell: (line: string) => void
  readonly #lock: RunLock
  readonly #ledger: ProcessLedger
  readonly #settingsFile: string
  readonly #settings: Settings
  readonly #services: Service[] = []
  readonly #logTimer: NodeJS.Timeout
  #ports!: Ports
  #postgres: PostgresService | undefined
  #client: KubeClient | undefined
  #kubelet: Kubelet | undefined
  #stopped: Promise<void> | undefined

  constructor(options: BerthOptions, lock: RunLock) {
    this.#options = options
    this.#tell = lineTo(options)
    this.#lock = lock
    this.dataDir = path.resolve(options.dataDir)
    this.logsDir = path.join(this.dataDir, 'logs')
    this.kubeconfig = path.join(this.dataDir, 'kubeconfig')
    this.#ledger = new ProcessLedger(path.join(this.dataDir, 'run', 'services'))
    this.#settingsFile = path.join(this.dataDir, 'config.json')
    this.#settings = readSettings(this.#settingsFile)
    this.#logTimer = setInterval(() => void shortenLogs(this.logsDir).catch(() => {}), SHORTEN_LOGS_EVERY_MS)
  }

  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.#ports.gateway}`
  }

  get simulatorUrl(): string | undefined {
    return this.#options.whatsapp === 'real' ? undefined : `http://127.0.0.1:${this.#ports.simulator}`
  }

  get kubernetesUrl(): string {
    return `https://127.0.0.1:${this.#ports.kubernetes}`
  }

  async start(): Promise<void> {
    await this.#endOrphans()
    const { port, anyPorts } = this.#options
    const wanted = port === undefined ? {} : { gateway: port }
    this.#ports = await choosePorts(this.#settings.ports ?? {}, wanted, anyPorts)
    this.#save({ ports: this.#ports })

    const [whatsapp] = await Promise.all([this.#startSimulator(), this.#startPostgres(), this.#startKubernetes()])
    const client = new KubeClient(await loadKubeConfig({ kubeconfig: this.kubeconfig }), { component: 'local' })
    this.#client = client
    await prepareControlPlane(client, path.join(clone, 'crds'), {
      DATABASE_URL: this.databaseUrl,
      BERTH_ENCRYPTION_KEYS: this.#settings.encryptionKeys,
      BERTH_INTERNAL_TOKEN: this.#settings.internalToken,
      ...whatsapp,
    })
    await freeOperatorLease(client)
    if (!this.#settings.hasDemo) await createDemoTenant(client)
    const firstStart = !this.#settings.hasDemo
    this.#save({ hasDemo: true })

    this.#kubelet = await startKubelet({
      client,
      kubeconfig: this.kubeconfig,
      clone,
      runFolder: path.join(this.dataDir, 'run', 'pods'),
      logsFolder: path.join(this.logsDir, 'pods'),
      tell: this.#tell,
    })
    await Promise.all([this.#startOperator(), this.#startGateway()])
    await Promise.all([this.#untilPlacing(client), this.#findApiKey(firstStart)])
  }

  pids(): Record<string, number> {
    const services = this.#services.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const]))
    return Object.fromEntries([...services, ...(this.#postgres ? [['postgres', this.#postgres.pid()]] : [])])
  }

  announce(summary: string): void {
    this.#lock.announce(summary)
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  kill(): void {
    for (const { pid } of this.#services) if (pid !== undefined) signalGroup(pid, 'SIGKILL')
    this.#kubelet?.kill()
    if (this.#postgres) signal(this.#postgres.pid(), 'SIGQUIT')
  }

  /** The operator first, or it would take what stops for a failure; then those that use something before what they use. */
  async #stop(): Promise<void> {
    this.#lock.announceStop()
    clearInterval(this.#logTimer)
    await this.#stopService('operator')
    await this.#stopService('gateway')
    if (this.#kubelet) await this.#timed('workers stopped', this.#kubelet.stop())
    await this.#stopService('simulator')
    await this.#client?.close()
    await this.#stopService('kubernetes')
    if (this.#postgres) await this.#timed('postgres stopped', this.#postgres.stop())
    this.#lock.release()
  }

  async #stopService(name: string): Promise<void> {
    const service = this.#services.find((one) => one.name === name)
    if (service) await this.#timed(`${name} stopped`, service.stop())
  }

  async #endOrphans(): Promise<void> {
    const orphans = await this.#ledger.endOrphans()
    if (orphans.length === 0) return
    const names = orphans.map(({ name, identity }) => `${name} (pid ${identity.pid})`).join(', ')
    this.#tell(`ended what an earlier run left behind: ${names}`)
  }

  async #startPostgres(): Promise<void> {
    const external = this.#options.databaseUrl
    if (external) {
      this.databaseUrl = external
      return this.#timed('schema of the external Postgres', prepareDatabase(external))
    }
    const start = async () => {
      this.#postgres = await startPostgresService({
        dataDir: path.join(this.dataDir, 'postgres'),
        port: this.#ports.postgres,
        log: this.#tell,
      })
      this.databaseUrl = await ensureDatabase(this.#postgres.url)
      await prepareDatabase(this.databaseUrl)
    }
    await this.#timed('postgres', start())
  }

  async #startKubernetes(): Promise<void> {
    const folder = path.join(this.dataDir, 'kubernetes')
    const args = ['--data', folder, '--port', String(this.#ports.kubernetes)]
    await this.#startService('kubernetes', 'local/kubernetes/main.ts', args, {}, `${this.kubernetesUrl}/readyz`)
    await writeKubeconfig(path.join(folder, 'kubeconfig'), this.kubeconfig)
  }

  /** Answers what the workers must know to use it instead of WhatsApp. */
  async #startSimulator(): Promise<Record<string, string>> {
    const url = this.simulatorUrl
    if (!url) return {}
    const args = ['--data', path.join(this.dataDir, 'simulator'), '--port', String(this.#ports.simulator)]
    await this.#startService('simulator', 'simulator/main.ts', args, {}, `${url}/v1/info`)
    const response = await fetch(`${url}/v1/info`)
    const info = (await response.json()) as { websocketUrl: string; rootPublicKey: string }
    return { BERTH_WHATSAPP_URL: info.websocketUrl, BERTH_WHATSAPP_ROOT: info.rootPublicKey }
  }

  #startOperator(): Promise<void> {
    const port = this.#ports.operator
    const env = { ...this.#environment(port), BERTH_WORKER_SECRET: WORKER_SECRET, POD_NAME: 'operator-local' }
    return this.#startService('operator', 'operator/main.ts', [], env, `http://127.0.0.1:${port}/readyz`)
  }

  #startGateway(): Promise<void> {
    const env = { ...this.#environment(this.#ports.gateway), BERTH_INTERNAL_TOKEN: this.#settings.internalToken }
    return this.#startService('gateway', 'gateway/main.ts', [], env, `${this.gatewayUrl}/readyz`)
  }

  #environment(port: number): Record<string, string> {
    return {
      DATABASE_URL: this.databaseUrl,
      KUBECONFIG: this.kubeconfig,
      BERTH_NAMESPACE: NAMESPACE,
      HOST: '127.0.0.1',
      PORT: String(port),
    }
  }

  async #startService(
    name: string,
    script: string,
    args: string[],
    env: Record<string, string>,
    readyUrl: string,
  ): Promise<void> {
    this.#options.signal?.throwIfAborted()
    const command = nodeCommand(path.join(clone, script), args)
    const service = new Service({
      name,
      file: command.file,
      args: command.args,
      cwd: clone,
      env: { ...process.env, ...env },
      logFile: path.join(this.logsDir, `${name}.log`),
      ledger: this.#ledger,
      isReady: () => answers(readyUrl),
      tell: this.#tell,
    })
    this.#services.push(service)
    await this.#timed(name, service.start())
  }

  /** Until somebody decides, and a worker is there to take a session. */
  async #untilPlacing(client: KubeClient): Promise<void> {
    const leading = async () => !!(await client.get(LeaseKind, OPERATOR_LEASE, NAMESPACE))?.spec?.holderIdentity
    const aWorker = async () => {
      const labelSelector = 'app.kubernetes.io/name=berth-worker'
      const { items } = await client.list(PodKind, { namespace: NAMESPACE, labelSelector })
      return items.some((pod) =>
        pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      )
    }
    const check = async () => {
      const inTime = (await this.#until(leading)) && (await this.#until(aWorker))
      if (!inTime) this.stillStarting.push('the first worker')
    }
    await this.#timed('first worker', check())
  }

  /** @param expected the tenant was made by this start, so the operator will take it up */
  async #findApiKey(expected: boolean): Promise<void> {
    const pool = openOperatorPool(this.databaseUrl)
    try {
      const found = async () => (await findTenant(pool, DEMO_TENANT)) !== undefined
      if (expected && !(await this.#until(found))) this.stillStarting.push(`the tenant ${DEMO_TENANT}`)
      const tenantId = await findTenant(pool, DEMO_TENANT)
      if (!tenantId) return
      this.apiKey = await ensureApiKey(pool, tenantId, this.#settings.apiKey)
      this.#save({ apiKey: this.apiKey })
    } finally {
      await pool.end()
    }
  }

  async #until(condition: () => Promise<boolean>): Promise<boolean> {
    const deadline = performance.now() + READY_TIMEOUT_MS
    while (!(await condition())) {
      this.#options.signal?.throwIfAborted()
      if (performance.now() > deadline) return false
      await delay(READY_POLL_MS)
    }
    return true
  }

  #save(change: Partial<Settings>): void {
    Object.assign(this.#settings, change)
    writeSettings(this.#settingsFile, this.#settings)
  }

  async #timed(what: string, work: Promise<void>): Promise<void> {
    const begun = performance.now()
    await work
    this.#tell(`${what.padEnd(20)}${((performance.now() - begun) / 1000).toFixed(1)} s`)
  }
}
