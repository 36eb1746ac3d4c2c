/** A driver without WhatsApp: it takes its time to log in, opens a socket that others can see, and writes now and then. */
import { sleep } from '@berth/core/kube/sleep.ts'
import type { Driver, DriverFactory, DriverHost } from '@berth/worker/drivers/driver.ts'
import type { Step } from '../invariants/keys.ts'
import type { Surroundings } from '../surroundings.ts'
import type { WorkerProcess } from './worker.ts'

const LOGIN_MS = [200, 900] as const
const WRITE_MS = [2_000, 9_000] as const
const RETRY_MS = 500
/** Never fight who has taken the place. */
const REPLACED_MS = 60_000
/** Where the ratchet lies. */
const RATCHET = 'ratchet'
const ONLY = 'it'
const PHONE = '+15550100'

export const simulatedDrivers = (worker: WorkerProcess, world: Surroundings): DriverFactory => ({
  codec: {
    encode: (_, value) => Buffer.from(JSON.stringify(value)),
    decode: (_, bytes) => JSON.parse(bytes.toString()),
    cost: () => 100,
  },
  ratchets: [RATCHET],
  create: (host) => new SimulatedDriver(host, worker, world) as Simulated as Driver,
})

/** Nobody sends or asks here, so there is no more of it. */
type Simulated = Pick<Driver, 'start' | 'stop' | 'destroy' | 'linked' | 'logout'>

class SimulatedDriver implements Simulated {
  readonly #host: DriverHost
  readonly #worker: WorkerProcess
  readonly #world: Surroundings
  linked: boolean
  #isOver = false
  #isOpen = false

  constructor(host: DriverHost, worker: WorkerProcess, world: Surroundings) {
    this.#host = host
    this.#worker = worker
    this.#world = world
    this.linked = host.credential !== undefined
  }

  start(): void {
    this.#run().catch((error) => {
      if (!this.#isOver) throw error // what was lost is closed, and answers nothing more
    })
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
    this.#world.sockets.open(host.sessionId, this.#worker, () => void this.#replaced())
    host.report({ state: 'Connected', attempt: 0, phoneNumber: PHONE })
    host.ready()
    while (this.#isOpen) {
      await this.#pause(WRITE_MS)
      if (this.#isOpen && host.mayAct()) await this.#send()
    }
  }

  /** A step of the ratchet, durable before it is seen. */
  async #send(): Promise<void> {
    const { store, sessionId } = this.#host
    const { [ONLY]: stored } = await store.get(RATCHET, [ONLY])
    const { chain, step } = (stored as Step | undefined) ?? { chain: this.#worker.process.random.hex(8), step: 0 }
    const next: Step = { chain, step: step + 1 }
    await store.write({ keys: [{ type: RATCHET, id: ONLY, value: next }] })
    if (this.#isOpen) this.#world.keys.used(sessionId, next, this.#worker.process.name)
  }

  async #replaced(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#host.report({ state: 'UsedElsewhere', reason: 'Replaced', attempt: 1 })
    if (!(await this.#host.stillOurs())) return
    await sleep(REPLACED_MS)
    if (!this.#isOver) await this.#run()
  }

  #close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#world.sockets.close(this.#host.sessionId, this.#worker)
  }

  #pause([least, most]: readonly [number, number]): Promise<void> {
    return sleep(this.#worker.process.random.between(least, most))
  }
}
