// The simulated WhatsApp network: what is remembered, who is connected, and what the parts of the server share.

import { EventEmitter } from 'node:events'
import { SimulatorError } from '../errors.ts'
import { MediaHost } from '../media/host.ts'
import type { Device } from '../state/devices.ts'
import type { Fault, NewFault } from '../state/faults.ts'
import type { Group } from '../state/groups.ts'
import type { Phone } from '../state/phones.ts'
import type { State } from '../state/state.ts'
import type { Authority } from './certificate.ts'
import type { Connection } from './connection.ts'
import { parseJid } from './jid.ts'
import { Locks } from './locks.ts'
import { Presence } from './presence.ts'
import { SignalEndpoint } from './signal/endpoint.ts'
import { SenderKeys } from './signal/sender-keys.ts'
import type { Stanza } from './stanza.ts'

/** What changed, for whoever shows it: the event stream and the page. */
export type NetworkEvent =
  | { type: 'phone'; number: string }
  | { type: 'group'; group: string }
  | { type: 'chat'; number: string; chat: string }
  /** What the account shows: on line, away, typing. */
  | { type: 'presence'; number: string }
  | { type: 'device'; number: string; device: number }
  | { type: 'connection'; connection: number }
  | { type: 'fault'; fault: Fault }
  /** Planned, used or removed. */
  | { type: 'disturbance'; disturbance: number }

export class Network {
  readonly state: State
  /** Of the control API, without a slash at the end; known once the server listens. */
  url = ''
  readonly authority: Authority
  readonly locks = new Locks()
  readonly signal: SignalEndpoint
  readonly senderKeys: SenderKeys
  readonly media: MediaHost
  readonly connections = new Set<Connection>()
  /** Emits `event` with a NetworkEvent, once it's durable. */
  readonly events = new EventEmitter()
  /** QR references that wait for a scan, with the connection that they were given to. */
  readonly offers = new Map<string, Connection>()
  /** Clients that show a code to be typed on a phone, by the phone's number: of each number the latest. */
  readonly codeRequests = new Map<string, Connection>()
  /** What accounts show, by number. */
  readonly presences = new Map<string, Presence>()
  readonly #strict: boolean
  readonly #background = new Set<Promise<void>>()
  readonly #online = new Map<string, Connection>()

  /** @param options.strict whether faults are noted */
  constructor(state: State, authority: Authority, options: { strict: boolean }) {
    this.#strict = options.strict
    this.state = state
    this.authority = authority
    this.signal = new SignalEndpoint(state.database, state.phones)
    this.senderKeys = new SenderKeys(state.database)
    this.media = new MediaHost(state)
    this.events.setMaxListeners(0)
  }

  /** @throws SimulatorError phone_not_found */
  phone(number: string): Phone {
    const phone = this.state.phones.find(number)
    if (!phone) throw new SimulatorError('phone_not_found', `There is no simulated phone ${number}. Add it first.`)
    return phone
  }

  /** @throws SimulatorError group_not_found */
  group(id: string): Group {
    const group = this.state.groups.find(id)
    if (!group) throw new SimulatorError('group_not_found', `There is no group ${id}. Make it first.`)
    return group
  }

  /** The phone whose account an address names, by number or by LID. */
  phoneOf(jid: string | undefined): Phone | undefined {
    const parsed = parseJid(jid)
    if (parsed?.server === 'lid') return this.state.phones.findByLid(parsed.user)
    return parsed?.server === 's.whatsapp.net' ? this.state.phones.find(parsed.user) : undefined
  }

  /** What the account shows to others. */
  presence(number: string): Presence {
    const known = this.presences.get(number) ?? new Presence()
    this.presences.set(number, known)
    return known
  }

  /** The logged-in connection of a device. */
  connectionOf(number: string, device: number): Connection | undefined {
    return this.#online.get(`${number}:${device}`)
  }

  /** Answers the connection that the device had before. */
  setConnection(number: string, device: number, connection: Connection): Connection | undefined {
    const before = this.connectionOf(number, device)
    this.#online.set(`${number}:${device}`, connection)
    return before
  }

  /** Forgets the connection, unless the device has a newer one. */
  dropConnection(number: string, device: number, connection: Connection): void {
    if (this.connectionOf(number, device) === connection) this.#online.delete(`${number}:${device}`)
  }

  /** Owes a stanza to a device until it's acknowledged, and sends it when the device is on line. */
  deliver(device: Device, stanza: Stanza, sender?: { number: string; device: number }): void {
    this.state.deliveries.add(device.number, device.id, stanza, sender)
    const connection = this.connectionOf(device.number, device.id)
    if (connection?.active) connection.sendDelivery(stanza, sender)
    this.publish({ type: 'device', number: device.number, device: device.id })
  }

  fault(fault: NewFault): void {
    if (!this.#strict && fault.kind !== 'internal-error') return
    this.publish({ type: 'fault', fault: this.state.faults.add(fault) })
  }

  /** Goes on while nobody waits for it; where it fails, a fault says so. */
  inBackground(work: Promise<void>): void {
    const noted = work
      .catch((error: unknown) => {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
        this.fault({ kind: 'internal-error', detail })
      })
      .finally(() => this.#background.delete(noted))
    this.#background.add(noted)
  }

  /** Resolves when nothing goes on in the background. */
  async settled(): Promise<void> {
    await Promise.all(this.#background)
  }

  publish(event: NetworkEvent): void {
    this.state.database.whenDurable(() => this.events.emit('event', event))
  }

  /** Unix milliseconds. */
  now(): number {
    return this.state.database.now()
  }

  /** An id for a stanza of the server's own. */
  stanzaId(): string {
    return this.state.random.bytes(6).toString('hex')
  }
}
