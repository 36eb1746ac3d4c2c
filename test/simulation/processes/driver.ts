/** A driver without WhatsApp: it takes its time to log in, opens a socket that others can see, and writes now and then. */
import { sleep } from '@berth/core/kube/sleep.ts'
import type { Driver, DriverFactory, DriverHost } from '@berth/worker/drivers/driver.ts'
import type { Sockets } from '../invariants/sockets.ts'
import type { Surroundings } from '../surroundings.ts'
import type { WorkerProcess } from './worker.ts'

const LOGIN_MS = [200, 900] as const
const WRITE_MS = [2_000, 9_000] as const
const RETRY_MS = 500
const PHONE = '+15550100'

export const simulatedDrivers = (worker: WorkerProcess, { sockets }: Surroundings): DriverFactory => ({
  codec: {
    encode: (_, value) => Buffer.from(JSON.stringify(value)),
    decode: (_, bytes) => JSON.parse(bytes.toString()),
    cost: () => 100,
  },
  ratchets: [],
  create: (host) => new SimulatedDriver(host, worker, sockets) as Simulated as Driver,
})

/** Nobody sends or asks here, so there is no more of it. */
type Simulated = Pick<Driver, 'start' | 'stop' | 'destroy' | 'linked' | 'logout'>

class SimulatedDriver implements Simulated {
  readonly #host: DriverHost
  readonly #worker: WorkerProcess
  readonly #sockets: Sockets
  linked: boolean
  #isOver = false
  #isOpen = false

  constructor(host: DriverHost, worker: WorkerProcess, sockets: Sockets) {
    this.#host = host
    this.#worker = worker
    this.#sockets = sockets
    this.linked = host.credential !== undefined
  }

  start(): void {
    void this.#run()
  }

  async stop(): Promise<void> {
    await this.#pause([1, 20])
    this.destroy()
  }

  destroy(): void {
    this.#isOver = true
    this.#close()
  }

  async markRead(): Promise<void> {
    await this.#pause([5, 50])
  }

  async logout(): Promise<void> {
    await this.#pause([5, 50])
    this.linked = false
    this.#close()
    this.#isOver = true
    this.#host.report({ state: 'LoggedOut', reason: 'LoggedOut', attempt: 0 })
  }

  async #run(): Promise<void> {
    const host = this.#host
    if (host.distrusted) await host.renewed()
    while (!this.#isOver && !host.mayAct()) await sleep(RETRY_MS)
    if (!this.#isOver) host.report({ state: 'Connecting', attempt: 0 })
    await this.#pause(LOGIN_MS)
    if (!this.linked && !this.#isOver) {
      const credential = { linkingAttempt: host.linkingAttempt, value: Buffer.from('linked') }
      await host.store.write({ credential })
      this.linked = true
    }
    if (this.#isOver) return
    this.#isOpen = true
    this.#sockets.open(host.sessionId, this.#worker)
    host.report({ state: 'Connected', attempt: 0, phoneNumber: PHONE })
    host.ready()
    while (this.#isOpen) {
      await this.#pause(WRITE_MS)
      if (this.#isOpen) await host.store.write({ journal: [] })
    }
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#sockets.close(this.#host.sessionId, this.#worker)
  }

  #pause([least, most]: readonly [number, number]): Promise<void> {
    return sleep(this.#worker.process.random.between(least, most))
  }
}
