// One WebSocket connection of a client: handshake, then stanzas, handled one after the other.
//
// States: it says hello, finishes the handshake, and then either registers a new device (until it's scanned) or logs in a
// known one. A logged-in device gets what it's owed when it declares itself active. `end` says good-bye; the client
// closes, or is cut off when it doesn't.
import { decodeBinaryNode, encodeBinaryNode, type proto } from '@whiskeysockets/baileys'
import type { WebSocket } from 'ws'
import type { Device } from '../state/devices.ts'
import type { NewFault } from '../state/faults.ts'
import { dispatch } from './dispatch.ts'
import { FrameReader } from './frames.ts'
import { Line, type Party } from './line.ts'
import { type Batches, logIn } from './login.ts'
import type { Network } from './network.ts'
import { Noise } from './noise.ts'
import { offerPairing, type Pairing, type Registration, readRegistration } from './pairing.ts'
import { type CodeRequest, withdrawCode } from './pairing-code.ts'
import { type Presence, withdrawPresence } from './presence.ts'
import { type Stanza, stanza } from './stanza.ts'

/**
 * Baileys switches to transport keys in the callback of its own last handshake write, and takes an earlier frame for a
 * handshake message. A real network's latency hides that; on the loopback the server must wait. Nothing it could see
 * tells it that the client is ready.
 */
const CLIENT_SWITCH_MS = 10
/** How long a client has to close after the server's good-bye. */
const GOODBYE_MS = 1000

export class Connection {
  readonly id: number
  readonly network: Network
  readonly openedAt: number
  /** Once logged in. */
  device: Device | undefined
  /** Once it asked to be registered. */
  registration: Registration | undefined
  /** While a phone links it. */
  pairing: Pairing | undefined
  /** While it shows a code that a person is to type on a phone. */
  codeRequest: CodeRequest | undefined
  /** Whom it wants to hear of. */
  readonly subscriptions = new Set<Presence>()
  /** The QR references that it may show. */
  refs: string[] = []
  /** True from the device's "active" on: stanzas go out as they come. */
  active = false
  /** From the device's "active" on: it was given everything owed up to this `seq`. */
  owedFrom: number | undefined
  /** Forced: the link looks open, but nothing comes through. */
  silent = false
  /** Planned: what it's owed comes in batches. */
  batches: Batches | undefined
  /** Resolves when the connection is gone and its end is recorded. */
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  readonly #noise: Noise
  readonly #frames = new FrameReader()
  readonly #incoming = new Line(this, 'from-device')
  readonly #outgoing = new Line(this, 'to-device')
  #stage: 'hello' | 'finish' | 'stanzas' | 'ended' = 'hello'
  #work: Promise<void> = Promise.resolve()
  #reason = 'closed by the client'

  constructor(network: Network, socket: WebSocket, remotePort: number) {
    this.network = network
    this.openedAt = network.now()
    this.#socket = socket
    this.#noise = new Noise(network.authority)
    this.id = network.state.connections.open(remotePort)
    network.connections.add(this)
    socket.on('message', (data: Buffer) => {
      this.#work = this.#work.then(() => this.#receive(data)).catch((error) => this.#fail(error))
    })
    socket.on('error', (error) => {
      this.#reason = error.message
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#close()
        resolve()
      })
    })
    network.publish({ type: 'connection', connection: this.id })
  }

  /** True while it waits for a phone to scan its QR, or for its code to be typed. */
  get waiting(): boolean {
    return this.registration !== undefined && this.pairing === undefined && this.#stage === 'stanzas'
  }

  /**
   * Sends a stanza as soon as everything that led to it is durable, unless a disturbance is planned for it.
   * @param onSent called each time it goes out
   */
  send(stanza: Stanza, onSent?: () => void): void {
    void this.#outgoing.pass(stanza, (damaged) => this.#emit(stanza, onSent, damaged))
  }

  /** Sends what the device is owed. */
  sendDelivery(stanza: Stanza, sender: { number: string } | undefined): void {
    this.send(stanza, () => {
      if (!sender || !this.device) return
      this.network.state.ledger.add({
        message: stanza.attrs.id!,
        event: 'sent',
        direction: 'to-device',
        connection: this.id,
        number: this.device.number,
        device: this.device.id,
        peer: sender.number,
      })
    })
  }

  #emit(stanza: Stanza, onSent?: () => void, damaged = false): void {
    if (this.#isOver()) return
    onSent?.()
    this.network.state.database.whenDurable(() => {
      if (this.silent || this.#stage !== 'stanzas' || this.#socket.readyState !== this.#socket.OPEN) return
      const sealed = this.#noise.seal(encodeBinaryNode(stanza))
      if (damaged) sealed[sealed.length - 1]! ^= 1
      this.#socket.send(sealed)
    })
  }

  fault(fault: NewFault): void {
    const { number, id: device } = this.device ?? { number: null, id: null }
    this.network.fault({ number, device, connection: this.id, ...fault })
  }

  /** Says good-bye and hears nothing any more. */
  end(goodbye: Stanza, reason: string): void {
    this.#emit(goodbye)
    this.network.state.database.whenDurable(() => {
      this.#leave(reason)
      const cut = setTimeout(() => this.#socket.terminate(), GOODBYE_MS)
      this.#socket.once('close', () => clearTimeout(cut))
    })
  }

  /** Cuts the line without a word. */
  drop(reason: string): void {
    this.#leave(reason)
    this.#socket.terminate()
  }

  #leave(reason: string): void {
    this.#stage = 'ended'
    this.#reason = reason
    this.active = false
    withdrawPresence(this)
    if (this.device) this.network.dropConnection(this.device.number, this.device.id, this)
  }

  /** Nothing more is heard: it was sent off, or plays dead. */
  #isOver(): boolean {
    return this.#stage === 'ended' || this.silent
  }

  async #receive(data: Buffer): Promise<void> {
    if (this.#isOver()) return
    for (const frame of this.#frames.push(data)) {
      if (this.#isOver()) return
      if (this.#stage === 'hello') {
        this.#socket.send(this.#noise.hello(frame))
        this.#stage = 'finish'
      } else if (this.#stage === 'finish') {
        const { clientKey, payload } = this.#noise.finish(frame)
        this.#stage = 'stanzas'
        await new Promise((resolve) => setTimeout(resolve, CLIENT_SWITCH_MS))
        await this.#identify(clientKey, payload)
      } else {
        const received = await decodeBinaryNode(this.#noise.open(frame))
        await this.#take(received, () => dispatch(this, received))
      }
    }
  }

  /** A new device or a known one: the client says which before its first stanza. */
  async #identify(clientKey: Buffer, payload: proto.ClientPayload): Promise<void> {
    const { devicePairingData, username, device } = payload
    if (devicePairingData) {
      await this.#take(stanza('registration'), () => {
        this.registration = readRegistration(clientKey, devicePairingData)
        offerPairing(this)
      })
    } else {
      const party = { number: String(username ?? ''), device: device ?? 0 }
      await this.#take(stanza('login'), () => logIn(this, clientKey, payload), party)
    }
  }

  /** What the client sent has its effect, unless a disturbance is planned for it. */
  async #take(received: Stanza, handle: () => void | Promise<void>, party?: Party): Promise<void> {
    await this.#incoming.pass(received, () => (this.#isOver() ? undefined : handle()), party)
  }

  #fail(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error)
    this.fault({ kind: 'bad-frame', detail: `Bytes that can't be read: ${detail}` })
    this.drop(`a frame that can't be read: ${detail}`)
  }

  #close(): void {
    this.network.connections.delete(this)
    for (const ref of this.refs) this.network.offers.delete(ref)
    this.#leave(this.#reason)
    withdrawCode(this)
    this.pairing?.fail('The device went away before it was linked.')
    this.network.state.connections.close(this.id, this.#reason)
    this.network.publish({ type: 'connection', connection: this.id })
    if (this.device) this.network.publish({ type: 'device', number: this.device.number, device: this.device.id })
  }
}
