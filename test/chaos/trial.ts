/** A Berth under traffic, and all that is seen of it from outside: what a test or a run breaks, and then judges. */
import { rm } from 'node:fs/promises'
import { scratchFolder } from '../scratch.ts'
import { Arrivals } from './arrivals.ts'
import type { BerthUnderTest } from './berth-under-test.ts'
import { collect } from './collect.ts'
import { Installation } from './installation.ts'
import { isComplete, judge } from './judge.ts'
import { OwnBerth } from './own-berth.ts'
import { population } from './population.ts'
import { Random } from './random.ts'
import type { Frozen, Records } from './records.ts'
import { ScanWatch } from './scan-watch.ts'
import { Traffic } from './traffic.ts'
import { patiently, until } from './until.ts'
import { Webhooks } from './webhooks/webhooks.ts'

/** A crash or an outage is over within this; so is what is on its way, on a busy machine. */
export const BACK_MS = 120_000
/** What is missing is named, up to so many. */
const SHOWN = 10

export class Trial<B extends BerthUnderTest = BerthUnderTest> {
  readonly installation: Installation<B>
  readonly traffic: Traffic
  readonly arrivals: Arrivals
  readonly scans: ScanWatch
  /** Processes that were stopped for a while. */
  readonly frozen: Frozen[] = []
  /** undefined: nobody listens for them. */
  readonly webhooks: Webhooks | undefined
  readonly #signal: AbortSignal | undefined

  /**
   * Watches from the start; traffic begins when it is told to.
   * @param webhooks whoever started them stops them
   */
  constructor(installation: Installation<B>, seed: number, webhooks?: Webhooks, signal?: AbortSignal) {
    this.installation = installation
    this.traffic = new Traffic(installation, new Random(seed))
    this.arrivals = new Arrivals(installation.simulator, this.traffic)
    this.scans = new ScanWatch(installation)
    this.webhooks = webhooks
    this.#signal = signal
    this.arrivals.start()
    this.scans.start()
  }

  /** Ends traffic and watching; the Berth is its owner's to leave. */
  async stop(): Promise<void> {
    await this.traffic.abort()
    await Promise.all([this.arrivals.stop(), this.scans.stop()])
  }

  /** Until everything that was begun by then (Unix milliseconds) is on a phone, or acknowledged to WhatsApp. */
  untilThrough(begunUntil: number): Promise<void> {
    return this.untilNone('every message is through', async () => this.arrivals.missing(begunUntil))
  }

  untilConnected(): Promise<void> {
    return this.untilNone('every session is connected', () => this.installation.notConnected())
  }

  /** Throws, with what is missing, when that takes too long. */
  async untilNone(what: string, missing: () => Promise<string[]>): Promise<void> {
    let last: string[] = []
    const isNone = async () => {
      last = await missing()
      return last.length === 0
    }
    await until(what, BACK_MS, isNone, this.#signal).catch((cause: unknown) => {
      throw new Error(last.slice(0, SHOWN).join('; '), { cause })
    })
  }

  /** What can be read now. */
  records(): Promise<Records> {
    const { installation, traffic, arrivals, frozen, scans, webhooks } = this
    return patiently(() => collect({ installation, traffic, arrivals, frozen, scansWanted: scans.seen, webhooks }))
  }

  /**
   * What can be read once the API lists all that came, and has told it; what is missing in time is for the judge to say.
   * @param select the part of it that is to be judged
   */
  async listedRecords(select = (records: Records) => records): Promise<Records> {
    let records = select(await this.records())
    const isAllThere = async () => {
      if (isComplete(judge(records))) return true
      records = select(await this.records())
      return false
    }
    await until('every message is listed and told', BACK_MS, isAllThere, this.#signal).catch(() =>
      this.#signal?.throwIfAborted(),
    )
    return records
  }
}

/** With a Berth of its own, in a folder of its own, which end with it. */
export class OwnTrial extends Trial<OwnBerth> {
  readonly dataDir: string

  private constructor(dataDir: string, installation: Installation<OwnBerth>, webhooks: Webhooks | undefined) {
    super(installation, 1, webhooks)
    this.dataDir = dataDir
  }

  /**
   * Resolves when so many sessions are linked and connected.
   * @param listens customers are told by webhook, too
   */
  static async start(name: string, sessions: number, listens = false): Promise<OwnTrial> {
    const dataDir = await scratchFolder(name)
    try {
      const berth = await OwnBerth.start(dataDir, () => {})
      const installation = await Installation.start(berth, population(sessions))
      const webhooks = listens ? await Webhooks.start(installation, berth.webhookHost) : undefined
      return new OwnTrial(dataDir, installation, webhooks)
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true })
      throw error
    }
  }

  override async stop(): Promise<void> {
    await super.stop()
    await this.webhooks?.stop()
    await this.installation.stop()
    await rm(this.dataDir, { recursive: true, force: true })
  }
}
