/**
 * The Baileys driver: a linked phone.
 *
 * Made: messages that the journal still holds are stored, whether it connects or not. Started:
 * (Not linked) WaitingForScan without a connection, until somebody asks for a code → Connecting → WaitingForScan, a code
 * after another → the phone takes one → 515 → Connecting.
 * (Linked) Connecting → Connected → ready, when the offline stanzas were handed over too, whichever comes last.
 * Any of them → closed → what comeback.ts says: connect again after a wait, rest until somebody asks for a code, or stop.
 * Stopped from outside: no further connection is begun. A socket that is not the current one any more is not listened to.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import type { Act, ActAnswer, ActInput } from '@berth/core/model/acts.ts'
import type { ReadInput } from '@berth/core/model/command.ts'
import type { AnswerOf, InputOf, Question, ShownPresence } from '@berth/core/model/questions.ts'
import type { ConnectionState, WASocket } from '@whiskeysockets/baileys'
import { logins } from '../../metrics.ts'
import {
  type ConnectionReport,
  type Driver,
  type DriverFactory,
  type DriverHost,
  type FetchedFile,
  type PairingCode,
  PassingReason,
  type RemoteFile,
  type Send,
} from '../driver.ts'
import { AuthState } from './auth-state.ts'
import { codec, decodeCredential, RATCHETS } from './codec.ts'
import { Comeback, type ConnectionEnd } from './comeback.ts'
import { correctProcess } from './corrections/correct.ts'
import { Linking } from './linking.ts'
import { Live } from './live.ts'
import { quietLogger } from './logger.ts'
import { logOut } from './logout.ts'
import { MediaFiles } from './media/files.ts'
import { readKeys } from './messages/read-keys.ts'
import { Notices } from './notices.ts'
import { phoneNumberOf } from './person.ts'
import { ReceivePipeline } from './receive-pipeline.ts'
import { JournaledRepository } from './repository.ts'
import { sendThrough } from './send.ts'
import { openSocket, type SocketOptions } from './socket.ts'
import { UnderWay } from './under-way.ts'

const MAY_NOT_ACT_WAIT_MS = 250
/** The first time; later it is told with what ended the connection before. */
const CONNECTING = { state: 'Connecting', reason: 'Connecting', message: 'On its way to WhatsApp.' } as const

export interface BaileysOptions {
  /** Another server than WhatsApp's: the simulator. */
  url?: string
  rootKey?: Buffer<ArrayBuffer>
  /** PEM: of its media host, which only it vouches for. */
  certificate?: string
}

/** Corrects the process once, and makes drivers. */
export function baileysDrivers(options: BaileysOptions): DriverFactory {
  correctProcess(options)
  return { codec, ratchets: RATCHETS, create: (host) => new BaileysDriver(host, options.url) }
}

class BaileysDriver implements Driver {
  readonly #host: DriverHost
  readonly #auth: AuthState
  readonly #notices: Notices
  readonly #linking: Linking
  readonly #live: Live
  readonly #comeback: Comeback
  readonly #files: MediaFiles
  /** What every connection of this driver is made of. */
  readonly #parts: SocketOptions
  /** Aborted when the driver must connect no more. */
  readonly #stopping = new AbortController()
  #socket: WASocket | undefined
  /** Settles when the current socket has closed. */
  #closed: PromiseWithResolvers<void> = Promise.withResolvers()
  readonly #underWay = new UnderWay()
  #leaveGate: () => void = () => {}
  #isOpen = false
  #isCaughtUp = false
  /** When the connection was logged in (performance.now()). */
  #openedAt = Number.POSITIVE_INFINITY

  constructor(host: DriverHost, url: string | undefined) {
    this.#host = host
    const auth = new AuthState(host.store, decodeCredential(host.credential), host.linkingAttempt)
    const pipeline = new ReceivePipeline(host, () => auth.person)
    const notices = new Notices(host, () => auth.me?.id)
    const repository = new JournaledRepository(
      auth,
      { body: (hash) => host.journalBody(hash), written: (entry) => pipeline.take(entry) },
      quietLogger(host.log),
    )
    this.#auth = auth
    this.#notices = notices
    this.#live = new Live(host.store, auth)
    this.#linking = new Linking(host, auth, (words) => this.#report(words))
    this.#comeback = new Comeback(host, auth, (words) => this.#report(words), this.#stopping.signal)
    this.#files = new MediaFiles(host, url, () => (this.#isOpen ? this.#socket : undefined))
    this.#parts = { host, auth, repository, pipeline, notices, url, log: host.log }
    for (const entry of host.openJournal) if (!notices.take(entry)) pipeline.take(entry)
  }

  start(): void {
    void this.#run().catch((error) => {
      if (this.#stopping.signal.aborted) return
      this.#host.log.error({ err: error }, 'the driver of a session failed')
      const message = 'Something in Berth failed; its log says what. Stop and start the session to try again.'
      this.#report({ state: 'Failed', reason: PassingReason.internalError, message })
    })
  }

  get linked(): boolean {
    return Boolean(this.#auth.me)
  }

  async send(send: Send): Promise<void> {
    await this.#underWay.run(sendThrough(this.#openSocket, send))
  }

  prepare(send: Omit<Send, 'repeated'>): Promise<unknown> | undefined {
    return this.#files.prepare(send)
  }

  fetchMedia(file: RemoteFile): FetchedFile {
    return this.#files.fetch(file)
  }

  renewMedia(file: RemoteFile): Promise<Record<string, unknown>> {
    return this.#underWay.run(this.#files.renew(file))
  }

  ask<Q extends Question>(question: Q, input: InputOf<Q>): Promise<AnswerOf<Q>> {
    return this.#live.ask(question, input)
  }

  act<A extends Act>(act: A, input: ActInput<A>): Promise<ActAnswer<A>> {
    return this.#live.act(act, input)
  }

  show(presence: ShownPresence): Promise<void> {
    return this.#live.show(presence)
  }

  async logout(): Promise<void> {
    await this.#underWay.run(logOut(this.#openSocket))
  }

  async markRead(messages: ReadInput): Promise<void> {
    await this.#underWay.run(this.#openSocket.readMessages(readKeys(messages)))
  }

  wantCode(): void {
    this.#linking.wake()
  }

  pairingCode(phoneNumber: string): Promise<PairingCode> {
    return this.#linking.pairingCode(phoneNumber)
  }

  reconnect(): void {
    void this.#socket?.end(undefined)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    const socket = this.#socket
    if (!socket) return
    void socket.end(undefined)
    await Promise.race([this.#closed.promise, sleep(1000)])
  }

  destroy(): void {
    this.#stopping.abort()
    void this.#socket?.end(undefined)
  }

  get #openSocket(): WASocket {
    if (this.#socket && this.#isOpen) return this.#socket
    throw new Error('not connected')
  }

  /** Connects, again and again, until stopped or until a person is needed. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping
    if (!this.#host.credential) await this.#auth.save()
    if (this.#host.distrusted) await this.#renew()
    if (!(await this.#comeback.waitAsBefore())) return
    if (this.linked || this.#host.isCodeWanted()) this.#report(CONNECTING)
    while (!signal.aborted) {
      if (!this.linked) await this.#linking.rest(signal)
      if (signal.aborted) return
      const end = await this.#connectOnce()
      if (signal.aborted) return
      await this.#auth.saved() // what was learnt last, as the linked account, must be durable before the next login
      if (end.code === 515) await failpoint('link.restarting')
      const openMs = Math.max(0, performance.now() - this.#openedAt)
      this.#openedAt = Number.POSITIVE_INFINITY
      if (!(await this.#comeback.after({ ...end, openMs, wasUnscanned: this.#linking.wasUnscanned }))) return
    }
  }

  /** What another history of the database may have used up is not used again. Nothing is scanned for it. */
  async #renew(): Promise<void> {
    if (this.linked) await this.#auth.renewPreKeys()
    await failpoint('trust.renewed')
    await this.#host.renewed()
    this.#host.log.warn('the database went back: ratchets were dropped, pre-keys are renewed')
  }

  /** One connection, from the gate to its end. */
  async #connectOnce(): Promise<SocketEnd> {
    const { signal } = this.#stopping
    while (!this.#host.mayAct()) await sleep(MAY_NOT_ACT_WAIT_MS, signal)
    this.#leaveGate = await this.#host.turn(!this.linked || !this.#auth.hasLoggedIn, signal)
    this.#closed = Promise.withResolvers()
    this.#isOpen = this.#isCaughtUp = false
    try {
      await failpoint('login.connecting')
      return signal.aborted ? NO_CODE : await this.#openUntilClosed()
    } catch (error) {
      this.#host.log.warn({ err: error }, 'a connection could not be begun')
      return NO_CODE
    } finally {
      this.#isOpen = false
      this.#socket = undefined
      this.#leaveGate()
      this.#linking.ended()
      this.#closed.resolve()
      this.#live.ended()
      this.#underWay.giveUp(new Error('the connection was closed'))
    }
  }

  #openUntilClosed(): Promise<SocketEnd> {
    const auth = this.#auth
    const socket = openSocket(this.#parts)
    this.#socket = socket
    this.#linking.follow(socket)
    this.#live.follow(socket)
    return new Promise((resolve) => {
      socket.ev.process((events) => {
        if (events['creds.update']) {
          Object.assign(auth.creds, events['creds.update'])
          void auth.save()
        }
        const update = events['connection.update']
        if (!update) return
        this.#follow(update)
        if (update.connection === 'close') resolve(endFrom(update.lastDisconnect?.error))
      })
    })
  }

  /** What Baileys tells of the connection while it stands. */
  #follow({ qr, isNewLogin, connection, receivedPendingNotifications }: Partial<ConnectionState>): void {
    if (qr) {
      this.#leaveGate() // a phone may take minutes
      this.#linking.offer(qr)
    }
    if (isNewLogin) this.#linking.scanned()
    if (connection === 'open') {
      void failpoint('login.opened')
      this.#isOpen = true
      this.#live.opened(this.#socket!)
      this.#openedAt = performance.now()
      this.#leaveGate()
      logins.inc({ outcome: 'Connected' })
      this.#comeback.connected()
      this.#report({ state: 'Connected' })
      this.#beReady()
    }
    if (receivedPendingNotifications) void this.#catchUp()
  }

  /** Sends go after what the notices changed: a contact may have another device by now. */
  async #catchUp(): Promise<void> {
    const socket = this.#socket
    await this.#notices.handedOver()
    if (this.#socket !== socket) return
    this.#isCaughtUp = true
    this.#beReady()
  }

  #beReady(): void {
    if (!this.#isOpen || !this.#isCaughtUp) return
    void failpoint('login.caught-up')
    this.#host.ready()
  }

  #report({ state, reason, message }: Pick<ConnectionReport, 'state' | 'reason' | 'message'>): void {
    if (this.#stopping.signal.aborted) return
    const { pn, lid } = this.#auth.person
    this.#host.report({
      state,
      reason,
      message,
      attempt: this.#comeback.attemptIn(state),
      ...(pn ? { phoneNumber: phoneNumberOf(pn) } : {}),
      ...(lid ? { lid } : {}),
    })
  }
}

type SocketEnd = Pick<ConnectionEnd, 'code' | 'ban'>

const NO_CODE: SocketEnd = { code: undefined }

/** From a Boom, which is what Baileys ends connections with; it carries the attributes of a refused login. */
function endFrom(error: unknown): SocketEnd {
  const { output, data } = (error ?? {}) as {
    output?: { statusCode?: number }
    data?: { code?: string; expire?: string }
  }
  const code = output?.statusCode
  return code === 402 ? { code, ban: { seconds: Number(data?.expire) || 0, cause: data?.code } } : { code }
}
