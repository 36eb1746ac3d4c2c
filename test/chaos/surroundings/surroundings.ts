/** What a harness puts around a Berth of its own, so that it can break what lies between its parts, or under them. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { readSettings } from '@berth/local/settings.ts'
import { simulatorSettings } from '@berth/local/simulator.ts'
import { nodeEnvironment } from '@berth/operator/node-environment.ts'
import { parse, stringify } from 'yaml'
import { Clocks } from './clocks.ts'
import { SmallDisk } from './disk.ts'
import { Lines } from './lines/lines.ts'

export interface Wanted {
  /** Clocks that can be set, for operator, gateway and workers; needs libfaketime. */
  clocks?: boolean
  /** Postgres' data on a small disk of its own, which can be filled; needs root. */
  disk?: boolean
}

/** Whose pods are all alike: what the default tiers say. */
const MEMORY = defaultTiers[0]!.spec.workers.template.memory

export class Surroundings {
  readonly lines = new Lines()
  readonly clocks: Clocks | undefined
  readonly disk: SmallDisk | undefined
  /** Where Postgres' data is to be. */
  readonly postgresDir: string
  readonly #dataDir: string

  private constructor(dataDir: string, postgresDir: string, clocks?: Clocks, disk?: SmallDisk) {
    this.#dataDir = dataDir
    this.postgresDir = postgresDir
    this.clocks = clocks
    this.disk = disk
  }

  static async make(dataDir: string, wanted: Wanted): Promise<Surroundings> {
    const postgresDir = join(dataDir, 'postgres')
    const clocks = wanted.clocks ? await Clocks.make(join(dataDir, 'clocks')) : undefined
    const disk = wanted.disk ? await SmallDisk.mount(postgresDir) : undefined
    return new Surroundings(dataDir, postgresDir, clocks, disk)
  }

  /** What operator and gateway are to be started with, and workers by the operator, to live in these surroundings. */
  environment(databaseUrl: string): (service: 'operator' | 'gateway') => Promise<Record<string, string>> {
    const postgres = this.#through('postgres', databaseUrl)
    return async (service) => {
      const DATABASE_URL = await postgres
      const common = { DATABASE_URL, ...this.clocks?.environmentOf(service) }
      if (service === 'gateway') return common
      const worker = {
        DATABASE_URL,
        BERTH_WHATSAPP_URL: await this.#whatsappUrl(),
        // Asked to be debugged, each listens on a port of its own.
        NODE_OPTIONS: `${nodeEnvironment(MEMORY).NODE_OPTIONS} --inspect-port=0`,
        ...this.clocks?.environmentOf('worker'),
      }
      const env = Object.entries(worker).map(([name, value]) => ({ name, value }))
      return { ...common, KUBECONFIG: await this.#kubeconfig(), BERTH_WORKER_POD: JSON.stringify({ env }) }
    }
  }

  /** Once nothing of the Berth runs any more. */
  close(): void {
    this.lines.close()
    this.disk?.unmount()
  }

  async #whatsappUrl(): Promise<string> {
    const { ports } = readSettings(join(this.#dataDir, 'config.json'))
    const { BERTH_WHATSAPP_URL } = await simulatorSettings(`http://127.0.0.1:${ports!.simulator}`)
    return this.#through('whatsapp', BERTH_WHATSAPP_URL!)
  }

  /** Path of one for the operator. */
  async #kubeconfig(): Promise<string> {
    const direct = join(this.#dataDir, 'kubeconfig')
    const { server, ca } = await loadKubeConfig({ kubeconfig: direct })
    const port = await this.lines.lay({ line: 'kubernetes', url: server, ca: ca! })
    const config = parse(await readFile(direct, 'utf8')) as { clusters: { cluster: { server: string } }[] }
    for (const { cluster } of config.clusters) cluster.server = `http://127.0.0.1:${port}`
    const file = join(this.#dataDir, 'kubeconfig-operator')
    await writeFile(file, stringify(config), { mode: 0o600 })
    return file
  }

  async #through(line: 'postgres' | 'whatsapp', address: string): Promise<string> {
    const url = new URL(address)
    url.port = String(await this.lines.lay({ line, host: url.hostname, port: Number(url.port) }))
    return url.href
  }
}
