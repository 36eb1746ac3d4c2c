/**
 * The whole of Berth on one machine: Postgres, the Kubernetes API, the WhatsApp simulator, the operator and the gateway as
 * child processes, and the kubelet, which runs the workers, in this one. `npm start` and tests bring it up with this.
 *
 * What was left behind by an earlier run that was killed is ended first. Then what does not need one another starts at
 * the same time: Postgres and its schema, the Kubernetes API, the simulator; after them the kubelet, operator and gateway.
 */
import { chmodSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { KeyRing } from '@berth/core/crypto/seal.ts'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { findTenantId } from '@berth/core/postgres/api-keys.ts'
import type { Berth, BerthOptions } from './berth.ts'
import { clone } from './clone.ts'
import { type ControlServer, startControl } from './control.ts'
import {
  createDemoTenant,
  DEMO_TENANT,
  freeOperatorLease,
  prepareControlPlane,
  writeKubeconfig,
} from './control-plane.ts'
import { ensureApiKey, ensureDatabase, openOperatorPool, prepareDatabase } from './database.ts'
import { type Kubelet, startKubelet } from './kubelet/kubelet.ts'
import { lockFolderPatiently, type RunLock } from './lock.ts'
import { type PostgresService, startPostgresService } from './postgres/service.ts'
import { signal, signalGroup } from './process/identity.ts'
import { ProcessLedger } from './process/ledger.ts'
import { shortenLogs } from './process/log-file.ts'
import type { Service } from './process/service.ts'
import { allWorkersAreReady, operatorLeads, someWorkerIsReady, until } from './readiness.ts'
import {
  gatewayService,
  kubernetesService,
  localUrl,
  mediaUrl,
  operatorService,
  podLogsFolder,
  type ServiceContext,
  simulatorService,
} from './services.ts'
import { choosePorts, type Ports, readSettings, type Settings, writeSettings } from './settings.ts'
import { addFirstPhones, simulatorSettings } from './simulator.ts'
import { together } from './together.ts'

export type { Berth, BerthOptions }

const READY_TIMEOUT_MS = 30_000
/** So long the operator waits for the workers of the last run, which it would replace. */
const WORKERS_BACK_MS = 8_000
const SHORTEN_LOGS_EVERY_MS = 30_000

/** Throws AlreadyRuns; and, when something does not start, an error that says what and why, with all of it stopped. */
export async function startBerth(options: BerthOptions): Promise<Berth> {
  prepareFolder(options.dataDir)
  const lock = await lockFolderPatiently(path.join(options.dataDir, 'run'), lineTo(options))
  const composition = new Composition(options, lock)
  options.signal?.addEventListener('abort', () => composition.cancelStart(), { once: true })
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
  readonly #context: ServiceContext
  readonly #podsFolder: string
  readonly #settingsFile: string
  readonly #settings: Settings
  readonly #services: Service[] = []
  readonly #logTimer: NodeJS.Timeout
  #ports!: Ports
  #postgres: PostgresService | undefined
  #control: ControlServer | undefined
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
    const ledger = new ProcessLedger(path.join(this.dataDir, 'run', 'services'))
    this.#context = { dataDir: this.dataDir, logsDir: this.logsDir, ledger, tell: this.#tell }
    this.#podsFolder = path.join(this.dataDir, 'run', 'pods')
    this.#settingsFile = path.join(this.dataDir, 'config.json')
    this.#settings = readSettings(this.#settingsFile)
    this.#logTimer = setInterval(() => void shortenLogs(this.logsDir).catch(() => {}), SHORTEN_LOGS_EVERY_MS)
  }

  get gatewayUrl(): string {
    return localUrl(this.#ports.gateway)
  }

  get simulatorUrl(): string | undefined {
    return this.#options.whatsapp === 'real' ? undefined : localUrl(this.#ports.simulator)
  }

  get kubernetesUrl(): string {
    return localUrl(this.#ports.kubernetes, 'https')
  }

  async start(): Promise<void> {
    await this.#endOrphans()
    const { port, anyPorts } = this.#options
    const wanted = port === undefined ? {} : { gateway: port }
    this.#ports = await choosePorts(this.#settings.ports ?? {}, wanted, anyPorts)
    this.#save({ ports: this.#ports, channelKeys: this.#settings.channelKeys ?? KeyRing.generate() })

    const [whatsapp] = await together([this.#startSimulator(), this.#startPostgres(), this.#startKubernetes()])
    const client = new KubeClient(await loadKubeConfig({ kubeconfig: this.kubeconfig }), { component: 'local' })
    this.#client = client
    await prepareControlPlane(client, path.join(clone, 'crds'), {
      DATABASE_URL: this.databaseUrl,
      BERTH_ENCRYPTION_KEYS: this.#settings.encryptionKeys,
      BERTH_CHANNEL_KEYS: this.#settings.channelKeys!,
      BERTH_INTERNAL_TOKEN: this.#settings.internalToken,
      BERTH_MEDIA_URL: mediaUrl(this.dataDir),
      ...whatsapp,
    })
    await freeOperatorLease(client)
    const isFirstStart = !this.#settings.hasDemo
    if (isFirstStart) {
      await createDemoTenant(client)
      this.#save({ hasDemo: true })
    }
    this.#kubelet = await startKubelet({
      client,
      kubeconfig: this.kubeconfig,
      clone,
      runFolder: this.#podsFolder,
      logsFolder: podLogsFolder(this.logsDir),
      tell: this.#tell,
    })
    await together([this.#startOperator(client), this.#startGateway()])
    await together([this.#untilPlacing(client), this.#findApiKey(isFirstStart)])
    this.#control = await startControl(this, this.#postgres)
  }

  /** Ends what is just being started, so that start() fails now and not when it is done. */
  cancelStart(): void {
    for (const service of this.#services) void service.stop()
  }

  pids(): Record<string, number> {
    const services = this.#services.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid] as const]))
    return Object.fromEntries([...services, ...(this.#postgres ? [['postgres', this.#postgres.pid()]] : [])])
  }

  announce(summary: string): void {
    this.#lock.announce({ summary, ...(this.#control && { control: this.#control }) })
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
    this.#control?.close()
    clearInterval(this.#logTimer)
    for (const service of this.#services) service.letEnd()
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
    const pods = await new ProcessLedger(this.#podsFolder).endOrphans()
    const services = await this.#context.ledger.endOrphans()
    const names = services.map(({ name, identity }) => `${name} (pid ${identity.pid})`)
    if (pods.length > 0) names.push(`${pods.length} pods`)
    if (names.length > 0) this.#tell(`ended what an earlier run left behind: ${names.join(', ')}`)
  }

  async #startPostgres(): Promise<void> {
    const external = this.#options.databaseUrl
    if (external) {
      this.databaseUrl = external
      return this.#timed('external postgres', prepareDatabase(external))
    }
    const start = async () => {
      this.#postgres = await startPostgresService({
        dataDir: path.join(this.dataDir, 'postgres'),
        port: this.#ports.postgres,
        log: this.#tell,
      })
      this.#ports.postgres = this.#postgres.port
      this.#save({ ports: this.#ports })
      this.databaseUrl = await ensureDatabase(this.#postgres.url)
      await prepareDatabase(this.databaseUrl)
    }
    await this.#timed('postgres', start())
  }

  async #startKubernetes(): Promise<void> {
    const { service, folder } = kubernetesService(this.#context, this.#ports.kubernetes)
    await this.#startService(service)
    await writeKubeconfig(path.join(folder, 'kubeconfig'), this.kubeconfig)
  }

  /** Answers what the workers must know to use it instead of WhatsApp. */
  async #startSimulator(): Promise<Record<string, string>> {
    const url = this.simulatorUrl
    if (!url) return {}
    await this.#startService(simulatorService(this.#context, this.#ports.simulator))
    await addFirstPhones(url)
    return simulatorSettings(url)
  }

  async #startOperator(client: KubeClient): Promise<void> {
    await until(() => allWorkersAreReady(client), WORKERS_BACK_MS, this.#options.signal)
    const environment = (await this.#options.environment?.('operator')) ?? {}
    await this.#startService(operatorService(this.#context, this.#ports.operator, this, environment))
  }

  async #startGateway(): Promise<void> {
    const { internalToken, channelKeys } = this.#settings
    const given = (await this.#options.environment?.('gateway')) ?? {}
    const environment = { BERTH_CHANNEL_KEYS: channelKeys!, ...given }
    await this.#startService(gatewayService(this.#context, this.#ports, this, internalToken, environment))
  }

  async #startService(service: Service): Promise<void> {
    this.#options.signal?.throwIfAborted()
    this.#services.push(service)
    await this.#timed(service.name, service.start())
  }

  async #untilPlacing(client: KubeClient): Promise<void> {
    if (!(await this.#until(() => operatorLeads(client)))) this.stillStarting.push('the operator')
    else if (!(await this.#until(() => someWorkerIsReady(client)))) this.stillStarting.push('the first worker')
  }

  /** @param expected the tenant was made by this start, so the operator will take it up */
  async #findApiKey(expected: boolean): Promise<void> {
    const pool = openOperatorPool(this.databaseUrl)
    try {
      const found = async () => (await findTenantId(pool, DEMO_TENANT)) !== undefined
      if (expected && !(await this.#until(found))) this.stillStarting.push(`the tenant ${DEMO_TENANT}`)
      const tenantId = await findTenantId(pool, DEMO_TENANT)
      if (!tenantId) return
      this.apiKey = await ensureApiKey(pool, tenantId, this.#settings.apiKey)
      this.#save({ apiKey: this.apiKey })
    } finally {
      await pool.end()
    }
  }

  #until(condition: () => Promise<boolean>): Promise<boolean> {
    return until(condition, READY_TIMEOUT_MS, this.#options.signal)
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
