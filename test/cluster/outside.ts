/** What lies outside of the cluster, as in production: Postgres and WhatsApp (the simulator), as processes of this machine. */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { clone } from '@berth/local/clone.ts'
import { ensureDatabase } from '@berth/local/database.ts'
import { nodeCommand } from '@berth/local/kubelet/image.ts'
import { freePort } from '@berth/local/ports.ts'
import { stopOrphan } from '@berth/local/postgres/postgres.ts'
import { answers } from '@berth/local/process/answers.ts'
import { signal } from '@berth/local/process/identity.ts'
import { ProcessLedger } from '@berth/local/process/ledger.ts'
import { Service } from '@berth/local/process/service.ts'
import { simulatorSettings } from '@berth/local/simulator.ts'
import { DatabaseServer } from '../chaos/database-server.ts'

/** Whoever comes, from whatever address pods have, must know the password. */
const HBA = ['0.0.0.0/0', '::/0'].map((from) => `host all all ${from} scram-sha-256\n`).join('')

const LEDGER = 'run'
const POSTGRES = 'postgres'

export class Outside {
  readonly database: DatabaseServer
  /** Of our own, from this machine. */
  readonly databaseUrl: string
  readonly simulatorUrl: string
  readonly #address: string
  readonly #simulator: Service

  private constructor(address: string, database: DatabaseServer, databaseUrl: string, simulator: Service, url: string) {
    this.#address = address
    this.database = database
    this.databaseUrl = databaseUrl
    this.#simulator = simulator
    this.simulatorUrl = url
  }

  /** What a run that was killed left running there. */
  static async endOrphans(dataDir: string): Promise<void> {
    if (existsSync(join(dataDir, LEDGER))) await new ProcessLedger(join(dataDir, LEDGER)).endOrphans()
    await stopOrphan(join(dataDir, POSTGRES, 'data'), () => {})
  }

  /** @param address of this machine, that pods reach */
  static async start(dataDir: string, address: string, tell: (line: string) => void): Promise<Outside> {
    const postgresDir = join(dataDir, POSTGRES)
    await mkdir(postgresDir, { recursive: true })
    const hbaFile = join(postgresDir, 'hba.conf')
    await writeFile(hbaFile, HBA, { mode: 0o644 })
    const database = await DatabaseServer.start(postgresDir, {
      listen_addresses: `127.0.0.1,${address}`,
      hba_file: hbaFile,
    })
    try {
      const databaseUrl = await ensureDatabase(database.url)
      const port = await freePort()
      const url = `http://${address}:${port}`
      const simulator = new Service({
        name: 'simulator',
        ...nodeCommand(join(clone, 'simulator/main.ts'), [
          ...['--data', join(dataDir, 'simulator')],
          ...['--host', address, '--port', String(port)],
        ]),
        cwd: clone,
        env: process.env,
        logFile: join(dataDir, 'simulator.log'),
        ledger: new ProcessLedger(join(dataDir, LEDGER)),
        isReady: () => answers(`${url}/v1/info`),
        tell,
      })
      await simulator.start()
      return new Outside(address, database, databaseUrl, simulator, url)
    } catch (error) {
      await database.stop()
      throw error
    }
  }

  /** For pods. */
  get databaseUrlForPods(): string {
    const url = new URL(this.databaseUrl)
    url.hostname = this.#address
    return url.href
  }

  /** Where Postgres is, for pods. */
  get databaseAddress(): { address: string; port: number } {
    return { address: this.#address, port: Number(new URL(this.databaseUrl).port) }
  }

  /** What workers must know to use the simulator instead of WhatsApp. */
  async whatsapp(): Promise<{ url: string; rootKey: string }> {
    const settings = await simulatorSettings(this.simulatorUrl)
    return { url: settings.BERTH_WHATSAPP_URL!, rootKey: settings.BERTH_WHATSAPP_ROOT! }
  }

  async stop(): Promise<void> {
    await this.#simulator.stop()
    await this.database.stop()
  }

  /** At once, when this process ends; Postgres goes by itself then. */
  kill(): void {
    this.#simulator.letEnd()
    if (this.#simulator.pid !== undefined) signal(this.#simulator.pid, 'SIGKILL')
  }
}
