/**
 * Notices: stanzas that tell us something and are no messages, namely notifications, calls, and requests of a contact to
 * send a message again. Baileys answers each as soon as its listener is done, whether what it learnt is stored or not, and
 * also when it failed because the connection had ended; WhatsApp then forgets the notice. So it is a journal row first.
 *
 * Come → its row is durable → handed over, each kind in the order of its coming → done: the row is closed, in a commit that
 * comes after all that Baileys wrote meanwhile.
 * The connection ended before Baileys was done, or Baileys failed → still open: it is handed over again at the next login,
 * ahead of what comes then, for a day. Baileys answers it once more; WhatsApp has forgotten it, or has just sent it again,
 * and the answer serves for that.
 * Come again, although it is open → it is in the queue already. Come again, although it is done → only answered.
 *
 * Baileys does not see the mark of what waited off line: it has a queue of its own for that, and does not tell when it is
 * through. (For a contact's new identity it would also skip renewing the session, which would cost the next message a retry.)
 */
import { createHash } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { type BinaryNode, buildAckStanza, encodeBinaryNode } from '@whiskeysockets/baileys'
import { within } from '../../store/within.ts'
import type { DriverHost } from '../driver.ts'
import type { JournalEntry } from './auth-state.ts'
import { encodeNotice, noticeHeadOf, stanzaOfNotice } from './journal-body.ts'
import { takeListeners } from './listeners.ts'
import { succeeds } from './logger.ts'

/** Which stanzas are notices, by tag. */
const KINDS: Record<string, (stanza: BinaryNode) => boolean> = {
  // A step of linking by code is worth nothing on another connection.
  notification: ({ attrs }) => attrs.type !== 'link_code_companion_reg',
  call: () => true,
  // What other receipts say is durable as statuses before Baileys hears of it.
  receipt: ({ attrs }) => attrs.type === 'retry',
}

/** A notice that Baileys can't deal with is given up at this age. */
const TRIED_FOR_MS = 24 * 60 * 60 * 1000

const WAITED_FOR_MS = 20_000

interface Notice {
  hash: string
  tag: string
  read(): Promise<BinaryNode>
  /** Settles when the row is durable; false: an earlier delivery of it is done. */
  isOpen: Promise<boolean>
  /** It may have been handed over before. */
  isTried: boolean
}

/** What is needed of a socket. */
export interface Connection {
  ws: EventEmitter & { readonly isOpen: boolean }
  sendNode(stanza: BinaryNode): Promise<void>
}

export class Notices {
  readonly #host: Pick<DriverHost, 'store' | 'journalBody' | 'log'>
  /** The linked device; undefined: not linked. */
  readonly #device: () => string | undefined
  /** By hash, in the order of their coming. */
  readonly #open = new Map<string, Notice>()
  /** What the current connection has to hand over, by tag. */
  readonly #queues = new Map<string, Promise<void>>()

  constructor(host: Pick<DriverHost, 'store' | 'journalBody' | 'log'>, device: () => string | undefined) {
    this.#host = host
    this.#device = device
  }

  /** Takes up a row that an earlier owner left open. False: it is a message's. */
  take({ ciphertextHash: hash, body }: JournalEntry): boolean {
    const head = noticeHeadOf(body)
    if (!head) return false
    if (head.device !== this.#device()) this.#close(hash)
    else {
      const isOpen = Promise.resolve(true)
      this.#open.set(hash, { hash, tag: head.notice, read: () => stanzaOfNotice(body), isOpen, isTried: true })
    }
    return true
  }

  /**
   * Stands between a connection and its listeners. Call before anything has come.
   * @param loggedIn resolves when Baileys can ask WhatsApp something: what is open from before waits for that
   */
  hold(connection: Connection, loggedIn: Promise<unknown>): void {
    for (const [tag, isNotice] of Object.entries(KINDS)) this.#hold(connection, loggedIn, tag, isNotice)
  }

  /** Resolves when all that has come so far was handed over; what takes too long is not waited for. */
  async handedOver(): Promise<void> {
    await within(WAITED_FOR_MS, Promise.all(this.#queues.values())).catch((error) => {
      this.#host.log.warn({ err: error }, 'a notice takes long: sends go on before it')
    })
  }

  #hold(
    connection: Connection,
    loggedIn: Promise<unknown>,
    tag: string,
    isNotice: (stanza: BinaryNode) => boolean,
  ): void {
    const event = `CB:${tag}`
    const listeners = takeListeners(connection.ws, event)
    const enqueue = (notice: Notice): Promise<void> => {
      const handedOver = this.#queues.get(tag)!.then(() => this.#handOver(notice, connection, listeners))
      const queue = handedOver.catch((error) => this.#host.log.warn({ err: error, tag }, 'a notice was not dealt with'))
      this.#queues.set(tag, queue)
      return queue
    }
    const left = [...this.#open.values()].filter((notice) => notice.tag === tag)
    this.#queues.set(tag, left.length > 0 ? loggedIn.then(() => {}) : Promise.resolve())
    for (const notice of left) void enqueue(notice)
    connection.ws.on(event, (stanza: BinaryNode) => {
      if (!isNotice(stanza)) return listeners(stanza)
      const notice = this.#receive(stanza)
      return notice && enqueue(notice)
    })
  }

  /** Undefined: it is open, so it has its place in the queue. */
  #receive(stanza: BinaryNode): Notice | undefined {
    const { offline, ...attrs } = stanza.attrs
    const unmarked = { ...stanza, attrs }
    const bytes = encodeBinaryNode(unmarked)
    const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
    if (this.#open.has(hash)) return undefined
    const isOpen = this.#write(hash, stanza.tag, bytes, offline !== undefined)
    const notice: Notice = { hash, tag: stanza.tag, read: async () => unmarked, isOpen, isTried: false }
    this.#open.set(hash, notice)
    return notice
  }

  async #write(hash: string, tag: string, stanza: Buffer, mayHaveCome: boolean): Promise<boolean> {
    await failpoint('notice.seen')
    if (mayHaveCome && (await this.#host.journalBody(hash))) return false
    const body = encodeNotice({ notice: tag, device: this.#device() ?? '' }, stanza)
    await this.#host.store.write({ journal: [{ ciphertextHash: hash, body }] })
    return true
  }

  async #handOver(
    notice: Notice,
    connection: Connection,
    listeners: (stanza: BinaryNode) => Promise<void>,
  ): Promise<void> {
    const { hash, isTried } = notice
    const [stanza, mustBeHandedOver] = await Promise.all([notice.read(), notice.isOpen])
    if (!mustBeHandedOver) {
      this.#open.delete(hash)
      return connection.sendNode(buildAckStanza(stanza))
    }
    await failpoint('notice.journaled')
    if (!connection.ws.isOpen) return
    notice.isTried = true
    const isDealtWith = await succeeds(() => listeners(isTried ? withoutKeys(stanza) : stanza))
    if (!connection.ws.isOpen) return // Baileys may have failed for want of a connection
    await failpoint('notice.handed-over')
    if (!isDealtWith && Date.now() - Number(stanza.attrs.t) * 1000 < TRIED_FOR_MS) return
    this.#open.delete(hash)
    this.#close(hash)
  }

  #close(hash: string): void {
    const closed = this.#host.store.write({ received: [{ ciphertextHash: hash }] }, { lazy: true })
    void closed.then(() => failpoint('notice.done'))
  }
}

/**
 * A request to send again brings a one-time key for a new session. A session that was begun with it may be stored, and a
 * second one under the same key could not be read: without the keys, Baileys asks WhatsApp for others.
 */
function withoutKeys(stanza: BinaryNode): BinaryNode {
  const { tag, content } = stanza
  if (tag !== 'receipt' || !Array.isArray(content)) return stanza
  return { ...stanza, content: content.filter((child) => child.tag !== 'keys') }
}
