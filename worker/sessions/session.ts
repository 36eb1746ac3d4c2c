/**
 * One session while this boot owns it: its store, its driver, its outbox, its state.
 *
 * Claimed → running: the driver connects, unless the last owner left the session in a state that needs a person and no new
 * linking attempt was asked for. Running → relinking, when the attempt was raised: the connection is closed, everything
 * known of the account is purged in one write, and a new driver begins. Running → stopping: connection closed, what waits
 * is written, then the supervisor releases the claim. Lost, at any time: the socket first, then everything else, at once.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import type { Act, ActAnswer, ActInput } from '@berth/core/model/acts.ts'
import type { AnswerOf, InputOf, Question, ShownPresence } from '@berth/core/model/questions.ts'
import { SEND_FAILURES } from '@berth/core/model/send-failures.ts'
import type { CommandRow } from '@berth/core/postgres/auth-state.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import {
  AskFailed,
  type ConnectionReport,
  type Driver,
  type DriverHost,
  type FetchedFile,
  isLasting,
  isOnline,
  type PairingCode,
  PassingReason,
  type QrCode,
  type RemoteFile,
} from '../drivers/driver.ts'
import { Outbox } from '../outbox.ts'
import type { Ownership } from '../store/ownership.ts'
import { SessionStore } from '../store/session-store.ts'
import { Acts } from './acts.ts'
import { Commands } from './commands.ts'
import type { SessionEnvironment, StoredSession } from './environment.ts'
import { type LoginClass, SOMEBODY_WAITS } from './login-gate.ts'
import { QrBoard } from './qr-board.ts'
import { Questions } from './questions.ts'
import { SendWatch } from './send-watch.ts'
import { needsPerson, type SessionState, stateFrom } from './state.ts'
import { waitForTurn } from './turn.ts'

const LOGGED_OUT = { code: 'session_logged_out', message: SEND_FAILURES.session_logged_out.message } as const

export class Session {
  readonly owner: Ownership
  readonly generation: number
  readonly qr = new QrBoard()
  readonly outbox: Outbox
  readonly log: Logger
  readonly #environment: SessionEnvironment
  readonly #questions = new Questions()
  readonly #acts = new Acts()
  readonly #commands: Commands
  readonly #sendWatch = new SendWatch()
  readonly #tier: LoginClass
  /** As its resource names it. */
  readonly provider: string
  #linkingAttempt: number
  #state: SessionState
  /** As the driver told it last. */
  #reported: ConnectionReport | undefined
  #store!: SessionStore
  #driver: Driver | undefined
  #stopped = false
  /** One after another. */
  #relinked: Promise<void> = Promise.resolve()

  constructor(
    owner: Ownership,
    placed: { generation: number; linkingAttempt: number },
    stored: StoredSession,
    environment: SessionEnvironment,
  ) {
    this.owner = owner
    this.generation = placed.generation
    this.#environment = environment
    this.log = environment.log.child({ sessionId: owner.sessionId, epoch: owner.epoch })
    this.#linkingAttempt = stored.credential?.linkingAttempt ?? placed.linkingAttempt
    this.#tier = stored.tier
    this.provider = stored.provider
    this.#state = stateFrom(stored.state)
    this.outbox = new Outbox({
      prepare: (send) => this.#driver!.prepare(send),
      take: (messageId) => environment.take(owner, messageId),
      send: (send) => this.#driver!.send(send),
      write: (statuses) => this.#store.write({ statuses }),
      mayAct: environment.mayAct,
      log: this.log,
    })
    this.#commands = new Commands({
      situation: () => {
        const driver = this.mayAct ? this.#driver : undefined
        return driver && { state: this.#state.state, linked: this.linked, driver }
      },
      write: (command) => this.#store.write({ commands: [command] }),
      log: this.log,
    })
    owner.onLoss(() => this.#lost())
  }

  get id(): string {
    return this.owner.sessionId
  }

  get linkingAttempt(): number {
    return this.#linkingAttempt
  }

  get state(): SessionState {
    return this.#state
  }

  /** An account is known and was not logged out. */
  get linked(): boolean {
    return Boolean(this.#driver?.linked) && this.#state.state !== 'LoggedOut'
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Something may be begun for it now. */
  get mayAct(): boolean {
    return !this.#stopped && this.#environment.mayAct()
  }

  /** Begins with what the database held; call once. */
  start(stored: StoredSession, linkingAttempt: number): void {
    this.#openStore()
    if (stored.unreadable) {
      this.log.error({ err: stored.unreadable }, 'what is stored of a session cannot be opened')
      this.#set({
        state: 'Failed',
        reason: PassingReason.keysUnreadable,
        message: 'What is stored of this session was sealed with a key that the worker does not have: give it back.',
        attempt: 0,
      })
      return
    }
    this.outbox.pace = stored.pace
    this.outbox.offer(stored.sends)
    this.takeCommands(stored.commands)
    if (stored.credential && linkingAttempt > stored.credential.linkingAttempt) {
      this.relink(linkingAttempt)
      return
    }
    this.#driver = this.#createDriver(stored, stored.state && this.#state)
    if (stored.hasMedia) this.#environment.inbox.look(this)
    if (needsPerson(this.#state)) {
      this.log.info({ state: this.#state.state }, 'not connecting: a person is needed')
      this.#refuseSends()
      this.#set(this.#state) // under this epoch: else nobody could tell that it is not on its way
      void this.#commands.run()
    } else this.#driver.start()
  }

  /** Forgets the account and offers codes for a new link. */
  relink(linkingAttempt: number): void {
    this.#linkingAttempt = linkingAttempt
    this.outbox.reopen()
    this.#relinked = this.#relinked.then(() => this.#relink(linkingAttempt))
  }

  async #relink(linkingAttempt: number): Promise<void> {
    if (this.#stopped || linkingAttempt < this.#linkingAttempt) return
    this.log.info({ linkingAttempt }, 'linking anew')
    this.outbox.notReady()
    await this.#driver?.stop()
    this.#store.close()
    if (this.#stopped) return
    this.#openStore()
    await this.#store.write({ purge: true })
    await failpoint('relink.purged')
    if (this.#stopped) return
    this.#driver = this.#createDriver({ credential: undefined, journal: [] }, undefined)
    this.#driver.start()
  }

  /** Messages that are to be sent are of use to it: it sends them, or has them fail. */
  get takesSends(): boolean {
    const { state } = this.#state
    return isOnline(state) || state === 'LoggedOut'
  }

  /** The provider may have told something. */
  wake(): void {
    if (!this.#stopped) this.#driver?.wake?.()
  }

  /** Open commands, as the database has them. */
  takeCommands(commands: CommandRow[]): void {
    this.#commands.take(commands)
  }

  /** Sees whether what it sends is confirmed; call each second. */
  watchSends(): void {
    if (!this.#driver || !this.#reported || !isOnline(this.#state.state)) return
    const isOther = this.#sendWatch.look(this.outbox, this.#driver, this.log, performance.now())
    if (isOther && isOnline(this.#state.state)) this.#set(this.#sendWatch.shown(this.#reported))
  }

  /** A code can be offered, now or soon. */
  get offersCodes(): boolean {
    const { state } = this.#state
    if (this.#stopped) return false
    return state === 'WaitingForScan' || (!this.linked && (state === 'Connecting' || state === 'Disconnected'))
  }

  /** Somebody wants to see a code. */
  wantCode(): void {
    this.qr.look()
    this.#driver?.wantCode()
  }

  /** A code for the phone of this number (E.164) to type. Throws AskFailed. */
  async pairingCode(phoneNumber: string): Promise<PairingCode> {
    this.wantCode()
    return this.#begun.pairingCode(phoneNumber)
  }

  /** Throws AskFailed. */
  async ask<Q extends Question>(question: Q, input: InputOf<Q>): Promise<AnswerOf<Q>> {
    // What was answered before an act may be true no more.
    const account = `${this.id}/${this.#linkingAttempt}/${this.#acts.done}`
    return this.#questions.ask(account, question, input, (...asked) => this.#begun.ask(...asked))
  }

  /** Throws AskFailed: outcome_unknown when it may be done. */
  act<A extends Act>(act: A, input: ActInput<A>): Promise<ActAnswer<A>> {
    return this.#acts.run(() => this.#begun.act(act, input))
  }

  /** Shows a presence to WhatsApp. Throws AskFailed. */
  async show(presence: ShownPresence): Promise<void> {
    await this.#begun.show(presence)
  }

  /** The file of a received message. */
  fetchMedia(file: RemoteFile): FetchedFile {
    return this.#begun.fetchMedia(file)
  }

  /** Has a file that is gone made available again. Throws MediaGone, AskFailed. */
  renewMedia(file: RemoteFile): Promise<Record<string, unknown>> {
    return this.#begun.renewMedia(file)
  }

  get #begun(): Driver {
    if (this.#driver) return this.#driver
    throw new AskFailed('not_connected', 'The session has not begun.')
  }

  /** Closes the connection and writes what waits. Afterwards the claim can be released. */
  async stop(why: 'stopped' | 'moved'): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.outbox.stop()
    await this.#driver?.stop()
    await failpoint('release.closed')
    this.qr.clear()
    const moved = {
      state: 'Disconnected',
      reason: 'Moving',
      message: 'The session moves to another worker, and goes on by itself.',
    } as const
    const stopped = {
      state: 'Stopped',
      reason: 'Stopped',
      message: 'The session is stopped: nothing is lost, and the phone stays linked. Start it to go on.',
    } as const
    if (why === 'stopped') this.#set({ ...this.#state, ...stopped, attempt: 0 })
    else if (!isLasting(this.#state.state)) this.#set({ ...this.#state, ...moved, attempt: 0 })
    this.#store.close()
    // Units of a session are written in order: when an empty one is durable, all before it are.
    await Promise.race([this.#environment.committer.add({ owner: this.owner }), this.owner.whenLost()])
  }

  #lost(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#driver?.destroy()
    this.outbox.stop()
    this.#store.close()
    this.qr.clear()
    this.log.warn({ reason: this.owner.loss?.message }, 'lost')
  }

  #openStore(): void {
    const { committer, loader, cache, drivers } = this.#environment
    const section = cache.section(`${this.id}/${this.owner.epoch}`)
    this.#store = new SessionStore({ owner: this.owner, committer, loader, cache: section, codec: drivers.codec })
  }

  #createDriver(
    { credential, journal }: Pick<StoredSession, 'credential' | 'journal'>,
    before: ConnectionReport | undefined,
  ): Driver {
    const { drivers, mayAct, stillOurs, renewed, journalBody, sent, inbox, outgoing } = this.#environment
    const { owner } = this
    const host: DriverHost = {
      sessionId: this.id,
      provider: this.provider,
      channel: this.#environment.channelOf(owner),
      store: this.#store,
      log: this.log,
      before,
      credential: credential?.value,
      linkingAttempt: this.#linkingAttempt,
      openJournal: journal,
      distrusted: owner.distrusted,
      renewed: () => renewed(owner),
      mayAct,
      turn: (somebodyWaits, signal) => this.#turn(somebodyWaits, signal),
      stillOurs: () => stillOurs(owner),
      journalBody: (hash) => journalBody(owner, hash),
      sent: (whatsappId) => sent(owner, whatsappId),
      reply: (message) => this.#environment.replies.to(this.id, message),
      files: {
        expect: () => inbox.look(this),
        find: (mediaId) => outgoing.find(owner, mediaId),
        keep: (whatsappId, source) => outgoing.keep(owner, whatsappId, source),
      },
      report: (report) => this.#report(report),
      isCodeWanted: () => this.qr.isLookedAt,
      qr: (code) => this.#offer(code),
      statuses: (changes) => this.outbox.statuses(changes),
      ready: () => this.outbox.ready(),
    }
    return drivers.create(host)
  }

  #turn(somebodyWaits: boolean, signal: AbortSignal): Promise<() => void> {
    const who = somebodyWaits ? SOMEBODY_WAITS : this.#tier
    return waitForTurn(this.#environment.logins, who, signal, (words) => this.#report({ ...this.#state, ...words }))
  }

  #offer(code: QrCode | undefined): void {
    if (code) this.qr.offer(code)
    else this.qr.clear()
  }

  #report(report: ConnectionReport): void {
    if (this.#stopped) return
    if (report.state === 'Connected') this.#environment.inbox.connected(this)
    else this.outbox.notReady()
    this.#reported = report
    this.#set(this.#sendWatch.shown(report))
    this.#refuseSends()
    void this.#commands.run()
  }

  /** Nobody wants an old message to go out when the account is linked again, maybe weeks later. */
  #refuseSends(): void {
    if (this.#state.state === 'LoggedOut') this.outbox.close(LOGGED_OUT)
  }

  #set(report: ConnectionReport): void {
    const since = report.state === this.#state.state ? this.#state.since : new Date()
    this.#state = { ...report, since }
    void this.#store.write({ state: { ...this.#state } })
    this.#changed()
  }

  #changed(): void {
    this.#environment.changed(this)
  }
}
