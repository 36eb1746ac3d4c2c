// The phones of a load: accounts that wait to be linked, and contacts that write to them.
import { SimulatorError } from '../errors.ts'
import type { Random } from '../random.ts'
import type { Device } from '../state/devices.ts'
import type { Network, NetworkEvent } from '../whatsapp/network.ts'
import { scan } from '../whatsapp/pairing.ts'
import { accountNumber, contactNumber, isBusy, type LoadPlan } from './plan.ts'

export class Population {
  readonly #network: Network
  readonly #plan: LoadPlan
  /** Places of the accounts that somebody can be written to on. */
  readonly #linked: number[] = []
  readonly #isLinked = new Set<number>()
  readonly #places = new Map<string, number>()
  readonly #groups = new Map<number, string>()
  /** Resolves when all phones exist. */
  readonly ready: Promise<void>
  /** The first place that nobody was given to link. */
  #nextToLink = 0
  /** Places whose phone was given a code that led nowhere. */
  readonly #again: number[] = []
  #made = 0
  #isOver = false

  constructor(network: Network, plan: LoadPlan) {
    this.#network = network
    this.#plan = plan
    network.events.on('event', this.#notice)
    this.ready = this.#make()
  }

  get made(): number {
    return this.#made
  }

  get linked(): number {
    return this.#linked.length
  }

  get online(): number {
    return this.#linked.filter((place) => {
      const number = accountNumber(place)
      return this.#network.state.devices.of(number).some(({ id }) => this.#network.connectionOf(number, id))
    }).length
  }

  async #make(): Promise<void> {
    const { accounts, contacts } = this.#plan
    for (let index = 0; index < contacts && !this.#isOver; index++) {
      await this.#phone(contactNumber(index), `Contact ${index + 1}`)
    }
    for (let index = 0; index < accounts && !this.#isOver; index++) {
      const number = accountNumber(index)
      await this.#phone(number, `Account ${index + 1}`)
      this.#places.set(number, index)
      this.#look(number)
    }
  }

  /**
   * The next phone without a device scans a QR code, as soon as there is one.
   * @throws SimulatorError all_linked, and what `scan` throws
   */
  async scan(qr: string): Promise<Device> {
    while (this.#again.length > 0 || this.#nextToLink < this.#plan.accounts) {
      const place = this.#again.pop() ?? this.#nextToLink++
      if (place >= this.#places.size) await this.ready
      if (!this.#isLinked.has(place)) return this.#scanAt(place, qr)
    }
    throw new SimulatorError('all_linked', 'No account of the load is left to be linked. Plan a load with more.')
  }

  async #scanAt(place: number, qr: string): Promise<Device> {
    try {
      return await scan(this.#network, accountNumber(place), qr)
    } catch (error) {
      this.#again.push(place)
      throw error
    }
  }

  /** An account that somebody writes to now; undefined while none is linked. */
  pick(random: Random): number | undefined {
    for (;;) {
      const at = random.below(this.#linked.length)
      const place = this.#linked[at]
      if (place === undefined) return undefined
      if (!this.#network.state.devices.of(accountNumber(place)).length) {
        this.#linked.splice(at, 1)
        this.#isLinked.delete(place)
      } else if (this.#plan.distribution === 'even' || isBusy(place) || random.below(10) === 0) return place
    }
  }

  /** The account's group, which is made when it's first needed, and one of its other members. */
  group(place: number, random: Random): { id: string; writer: string } {
    const { contacts, groupSize } = this.#plan
    const others = Array.from({ length: groupSize - 1 }, (_, index) => contactNumber((place + index) % contacts))
    const writer = others[random.below(others.length)]!
    const number = accountNumber(place)
    const { groups } = this.#network.state
    const id =
      this.#groups.get(place) ?? groups.of(number)[0]?.id ?? groups.create(`Group of ${number}`, [number, ...others]).id
    this.#groups.set(place, id)
    return { id, writer }
  }

  stop(): void {
    this.#isOver = true
    this.#network.events.off('event', this.#notice)
  }

  async #phone(number: string, name: string): Promise<void> {
    const { phones } = this.#network.state
    if (!phones.find(number)) {
      phones.create(number, name)
      this.#network.publish({ type: 'phone', number })
    }
    this.#made++
    // Its keys took some ten milliseconds: others have their turn.
    await new Promise(setImmediate)
  }

  readonly #notice = (event: NetworkEvent): void => {
    if (event.type === 'device') this.#look(event.number)
  }

  /** Whether the account can be written to from now on. */
  #look(number: string): void {
    const place = this.#places.get(number)
    if (place === undefined || this.#isLinked.has(place) || !this.#network.state.devices.of(number).length) return
    this.#isLinked.add(place)
    this.#linked.push(place)
  }
}
