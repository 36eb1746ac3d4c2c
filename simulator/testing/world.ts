// A simulator with some phones, for one test file.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UserFacingSocketConfig } from '@whiskeysockets/baileys'
import { SimulatorClient } from '../client.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../server.ts'
import { link, TestClient } from './baileys.ts'
import type { MemoryAuth } from './memory-auth.ts'
import { until } from './until.ts'

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'whatsapp-simulator-'))
  simulator!: Simulator
  api!: SimulatorClient
  readonly #clients: TestClient[] = []
  readonly #options: Partial<SimulatorOptions>

  private constructor(options: Partial<SimulatorOptions>) {
    this.#options = options
  }

  /** @param phones name → number */
  static async start(phones: Record<string, string>, options: Partial<SimulatorOptions> = {}): Promise<World> {
    const world = new World(options)
    await world.#listen(0)
    for (const [name, number] of Object.entries(phones)) await world.api.createPhone({ number, name })
    return world
  }

  /** A new device, linked and logged in. */
  async linked(number: string): Promise<TestClient> {
    return this.login(await link(this.api, number))
  }

  async login(auth: MemoryAuth, config: Partial<UserFacingSocketConfig> = {}): Promise<TestClient> {
    return this.connect(auth, config).open()
  }

  /** Without waiting for a login. */
  connect(auth?: MemoryAuth, config: Partial<UserFacingSocketConfig> = {}): TestClient {
    const client = new TestClient(this.simulator.websocketUrl, auth, config)
    this.#clients.push(client)
    return client
  }

  /** Stops the simulator and starts it again on the same port and data. */
  async restart(): Promise<void> {
    await this.simulator.close()
    await this.#listen(this.simulator.port)
    // The first question may still go out on a connection to the earlier one.
    await until(() => this.api.info().catch(() => undefined), 'the simulator')
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end()
    await this.simulator.close()
    rmSync(this.folder, { recursive: true })
  }

  async #listen(port: number): Promise<void> {
    this.simulator = await startSimulator({ ...this.#options, dataDir: this.folder, port })
    this.api = new SimulatorClient(this.simulator.url)
  }
}
