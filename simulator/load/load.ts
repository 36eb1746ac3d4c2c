// A load: thousands of phones, whose accounts devices are linked to, and people who write to them at a rate.
//
// It is open-loop: a message is written when it is due, whether or not the ones before have arrived. What can't be written
// in time because too many are under way is counted as skipped, never made up for.
import { Random } from '../random.ts'
import type { Device } from '../state/devices.ts'
import { sendToGroup } from '../whatsapp/group-out.ts'
import { sendFromPhone } from '../whatsapp/message-out.ts'
import type { Network } from '../whatsapp/network.ts'
import { Figures, type MeterName } from './figures.ts'
import { accountNumber, contactNumber, dueShare, fullRate, type LoadPlan } from './plan.ts'
import { Population } from './population.ts'

/** Messages that are being encrypted at one time. */
const MAXIMUM_UNDER_WAY = 500
/** How often it's looked what is due. */
const TICK_MS = 5

export interface LoadStatus {
  plan: LoadPlan
  startedAt: number
  /** Phones that exist, of accounts and contacts. */
  phones: number
  linked: number
  online: number
  /** Messages that were due while too many were under way, and those that the simulator failed to write. */
  skipped: number
  failed: number
  /** Since the start: written by contacts, sent to devices, delivered by them; submitted by devices, received by phones. */
  totals: Record<MeterName, number>
  perSecond: Record<MeterName, number>
  /** From written to the device's receipt. */
  deliveryMs: { p50: number | null; p99: number | null }
}

export class Load {
  readonly #network: Network
  readonly #plan: LoadPlan
  readonly #population: Population
  readonly #figures = new Figures()
  readonly #random: Random
  readonly #startedAt = Date.now()
  readonly #timer: NodeJS.Timeout
  readonly #stopWatching: () => void
  /** When the next message is due. */
  #due = this.#startedAt
  #underWay = 0
  #skipped = 0
  #failed = 0
  #isOver = false

  constructor(network: Network, plan: LoadPlan) {
    this.#network = network
    this.#plan = plan
    this.#random = new Random(`load ${plan.seed}`)
    this.#population = new Population(network, plan)
    this.#stopWatching = network.state.ledger.watch((entry) => this.#figures.note(entry, Date.now()))
    this.#timer = setInterval(() => this.#writeDue(Date.now()), TICK_MS)
    this.#population.ready.catch((error) => this.#fail(error))
  }

  scan(qr: string): Promise<Device> {
    return this.#population.scan(qr)
  }

  status(): LoadStatus {
    const { latency } = this.#figures
    return {
      plan: this.#plan,
      startedAt: this.#startedAt,
      phones: this.#population.made,
      linked: this.#population.linked,
      online: this.#population.online,
      skipped: this.#skipped,
      failed: this.#failed,
      totals: this.#figures.totals(),
      perSecond: this.#figures.perSecond(Date.now()),
      deliveryMs: { p50: latency.percentile(0.5), p99: latency.percentile(0.99) },
    }
  }

  /** Nobody writes any more. The phones and their chats stay. */
  stop(): void {
    this.#isOver = true
    clearInterval(this.#timer)
    this.#population.stop()
    this.#stopWatching()
  }

  /**
   * All accounts together are one Poisson process at the full rate. Of its events a share is due, as grows with the accounts
   * that are linked and with the ramp, and each falls to one account.
   */
  #writeDue(now: number): void {
    const rate = fullRate(this.#plan)
    while (rate > 0 && this.#due <= now) {
      const share = dueShare(this.#plan, this.#population.linked, this.#due - this.#startedAt)
      this.#due += this.#random.exponential(1 / rate)
      if (this.#random.next() >= share) continue
      if (this.#underWay >= MAXIMUM_UNDER_WAY) this.#skipped++
      else void this.#write()
    }
  }

  async #write(): Promise<void> {
    const place = this.#population.pick(this.#random)
    if (place === undefined) return
    const at = Date.now()
    this.#underWay++
    try {
      this.#figures.written(await this.#send(place, { conversation: this.#text() }), at)
    } catch (error) {
      this.#fail(error)
    }
    this.#underWay--
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#failed++
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#network.fault({ kind: 'internal-error', detail: `A message of the load: ${reason}` })
  }

  #send(place: number, message: { conversation: string }): Promise<string> {
    if (this.#random.next() < this.#plan.groupShare) {
      const { id, writer } = this.#population.group(place, this.#random)
      return sendToGroup(this.#network, writer, id, message)
    }
    const from = contactNumber(this.#random.below(this.#plan.contacts))
    return sendFromPhone(this.#network, { from, to: accountNumber(place), message })
  }

  #text(): string {
    return 'load '.repeat(1 + Math.floor(this.#random.exponential(this.#plan.textLength) / 5)).trim()
  }
}
