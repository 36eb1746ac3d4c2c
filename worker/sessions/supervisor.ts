/**
 * Holds the sessions that are placed on this worker.
 *
 * Each change of a resource, and each second, the plan of reconcile.ts is carried out: sessions to be claimed are claimed
 * together, in one statement; one that another boot still holds is tried again, often at first (claim-tries.ts). A claim is
 * committed before anything of the session is loaded. Sessions to be left are stopped, written, released, each by itself.
 * Until the resources are listed, what an earlier boot of this pod held counts as placed here: a container that came back
 * takes up its own sessions without asking Kubernetes.
 * While Kubernetes is unreachable the last known resources count, so sessions just go on; but one that another worker waits
 * for, having seen a newer placement, is left: Postgres says so each second.
 */
import type { KeyRing } from '@berth/core/crypto/seal.ts'
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import type { Reflector } from '@berth/core/kube/reflector.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import { loadCommands } from '@berth/core/postgres/auth-state.ts'
import { sessionsWithInbox } from '@berth/core/postgres/channels.ts'
import { claim, type Held, heldClaims, leftBehind, release, wantedElsewhere } from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { advanceSends, loadPaces, loadSends } from '@berth/core/postgres/sends.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { DriverFactory } from '../drivers/driver.ts'
import type { StatusWriter } from '../kube-status.ts'
import { claims, losses } from '../metrics.ts'
import { OUTBOX_BATCH } from '../outbox.ts'
import type { Cache } from '../store/cache.ts'
import type { Committer } from '../store/committer.ts'
import type { Loader } from '../store/loader.ts'
import { Ownership } from '../store/ownership.ts'
import { persist } from '../store/persist.ts'
import { ClaimTries } from './claim-tries.ts'
import type { SessionEnvironment } from './environment.ts'
import { handOver } from './hand-over.ts'
import { loadSessions } from './load.ts'
import type { LoginQueue } from './login-gate.ts'
import { makeEnvironment } from './make-environment.ts'
import { plan, type WantedSession, wantedOf } from './reconcile.ts'
import { Session } from './session.ts'

const TICK_MS = 1000
/** Commands come with a wake; this is for those whose wake was lost. */
const COMMANDS_EVERY_TICKS = 5
/** What a tier's new pace may take to be kept. */
const PACES_EVERY_TICKS = 10
const CLAIMS_EVERY_TICKS = 10
/** Sessions that leave at the same time when the worker stops: a gap per session, not per pod. */
const LEAVING_AT_ONCE = 4
/** Of what was given back, so many are remembered. */
const MAX_RELEASED = 10_000
/** A stopped session's last status gets so long; Kubernetes may be away. */
const STATUS_WAIT_MS = 1000

export interface SupervisorOptions {
  pool: Pool
  bootId: string
  podUid: string
  keys: KeyRing
  /** Of the secrets of channels; undefined: there can be none. */
  channelKeys?: KeyRing | undefined
  sessions: Pick<Reflector<WhatsAppSession>, 'list' | 'isSynced'>
  committer: Committer
  loader: Loader
  cache: Cache
  drivers: DriverFactory
  /** Where files are kept; undefined: nowhere. */
  media?: MediaStore | undefined
  status: StatusWriter
  mayAct(): boolean
  log: Logger
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #environment: SessionEnvironment
  readonly #held = new Map<string, Session>()
  readonly #leaving = new Map<Session, Promise<void>>()
  /** Session id → the epoch under which this boot has given it back, for a database that may not know of that. */
  readonly #released = new Map<string, number>()
  readonly #claimTries = new ClaimTries()
  /** What earlier boots of this pod held. */
  #leftBehind: WantedSession[] = []
  #claiming = false
  /** The next round, and when it is due. */
  #soon: NodeJS.Timeout | undefined
  #soonAt = 0
  #tick: NodeJS.Timeout | undefined
  #ticks = 0
  #polling = false
  #stopping = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    const { pool, bootId, committer, loader, cache, drivers, media, channelKeys, mayAct, status, log } = options
    const changed = (session: Session) => status.add(session)
    this.#environment = makeEnvironment({
      pool,
      bootId,
      committer,
      loader,
      cache,
      drivers,
      media,
      channelKeys,
      mayAct,
      changed,
      log,
    })
  }

  start(): void {
    this.#tick = setInterval(() => void this.#onTick(), TICK_MS)
    void this.#takeUpAgain()
  }

  /** The session, while this boot owns it. */
  get(sessionId: string): Session | undefined {
    const session = this.#held.get(sessionId)
    return session?.owner.loss ? undefined : session
  }

  list(): Session[] {
    return [...this.#held.values()]
  }

  /** What this boot has given back, and not claimed since. */
  released(): Held[] {
    return [...this.#released].map(([sessionId, epoch]) => ({ sessionId, epoch }))
  }

  /** Of sessions that wait for their turn to log in. */
  loginQueues(): LoginQueue[] {
    return this.#environment.logins.queues()
  }

  /** A resource changed. Many changes are one round. */
  reconcileSoon(afterMs = 0): void {
    const dueAt = performance.now() + afterMs
    if (this.#stopping || (this.#soon && this.#soonAt <= dueAt)) return
    clearTimeout(this.#soon)
    this.#soonAt = dueAt
    this.#soon = setTimeout(() => {
      this.#soon = undefined
      this.#reconcile()
    }, afterMs)
  }

  /** Looks for open sends and commands now. */
  async wake(session: Session): Promise<void> {
    session.wake()
    await this.#poll([session], [session])
  }

  /** Takes no more sessions, and keeps each until its next worker asks for it, as long as somebody may. */
  async handOver(): Promise<void> {
    this.#stopping = true
    const { pool, bootId, podUid, sessions } = this.#options
    const isPlacedElsewhere = ({ status }: WhatsAppSession): boolean =>
      status?.id !== undefined && this.#held.has(status.id) && status.placement?.podUID !== podUid
    await handOver({
      staying: () => this.list().flatMap((session) => (this.#leaving.has(session) ? [] : [session.id])),
      wanted: () => wantedElsewhere(pool, bootId),
      isPlacedElsewhere: () => sessions.list().some(isPlacedElsewhere),
      leave: (id) => this.#leave(this.#held.get(id)!, 'moved'),
    })
  }

  /** Gives all sessions back, a few at a time; resolves when none is held. */
  async stop(): Promise<void> {
    this.#takeNoMore()
    const rest = this.list()
    const leave = async () => {
      for (let session = rest.shift(); session; session = rest.shift()) {
        await this.#leave(session, 'moved')
        await failpoint('drain.one-left')
      }
    }
    await Promise.all(Array.from({ length: LEAVING_AT_ONCE }, leave))
  }

  /** Closes all connections at once and without a word: this boot owns nothing any more. */
  destroy(reason: Error): void {
    this.#takeNoMore()
    for (const session of this.list()) session.owner.lose(reason)
  }

  #takeNoMore(): void {
    this.#stopping = true
    clearTimeout(this.#soon)
    clearInterval(this.#tick)
  }

  async #takeUpAgain(): Promise<void> {
    const { pool, bootId, log } = this.#options
    this.#leftBehind = await persist('sessions of an earlier boot', log, () => leftBehind(pool, bootId))
    this.reconcileSoon()
  }

  #reconcile(): void {
    if (this.#stopping) return
    const { podUid, sessions } = this.#options
    const resources = sessions.list()
    const placed = resources.flatMap((resource) => wantedOf(resource, podUid) ?? [])
    const wanted = sessions.isSynced ? placed : this.#leftBehind
    const stopped = new Set(
      resources.flatMap(({ spec, status }) => (status?.id && spec.desiredState === 'Stopped' ? [status.id] : [])),
    )
    const todo = plan(
      wanted,
      this.list().map(({ id, generation, linkingAttempt }) => ({ sessionId: id, generation, linkingAttempt })),
      stopped,
    )
    for (const { sessionId, why } of todo.stop) void this.#leave(this.#held.get(sessionId)!, why)
    for (const { sessionId, linkingAttempt } of todo.relink) this.#held.get(sessionId)!.relink(linkingAttempt)
    this.#claimTries.keepOnly(new Set(wanted.map((want) => want.sessionId)))
    if (todo.claim.length > 0) void this.#claim(todo.claim)
  }

  async #claim(wanted: WantedSession[]): Promise<void> {
    if (this.#claiming || !this.#options.mayAct()) return // the next tick comes back
    const due = wanted.filter(({ sessionId }) => this.#claimTries.isDue(sessionId))
    if (due.length === 0) return
    this.#claiming = true
    try {
      await this.#claimNow(due)
    } catch (error) {
      for (const { sessionId } of due) this.#claimTries.failed(sessionId)
      this.#options.log.warn({ err: error }, 'claiming failed, trying again')
    } finally {
      this.#claiming = false
    }
    const waitMs = this.#claimTries.untilNextMs
    if (waitMs !== undefined) this.reconcileSoon(waitMs)
  }

  async #claimNow(wanted: WantedSession[]): Promise<void> {
    const { pool, bootId, keys, drivers, log } = this.#options
    await failpoint('claim.asking')
    const claimed = await claim(pool, bootId, wanted, drivers.ratchets)
    await failpoint('claim.committed')
    const wantedById = new Map(wanted.map((want) => [want.sessionId, want]))
    const owners = claimed.map((one) => new Ownership(one, keys.sealer(one.sessionId)))
    for (const owner of owners) {
      this.#claimTries.succeeded(owner.sessionId)
      this.#released.delete(owner.sessionId)
      wantedById.delete(owner.sessionId)
    }
    for (const sessionId of wantedById.keys()) this.#claimTries.failed(sessionId)
    if (wantedById.size > 0) await failpoint('claim.waiting')
    if (owners.length === 0) return
    claims.inc(owners.length)
    log.info({ claimed: owners.length, stillHeld: wantedById.size }, 'claimed sessions')
    const stored = await persist('claimed sessions', log, () => loadSessions(pool, bootId, owners))
    await persist('automatic replies', log, () => this.#environment.replies.refresh())
    await failpoint('claim.loaded')
    if (this.#stopping) return void (await release(pool, bootId, owners)) // or the end of the lease gives them back
    for (const [owner, content] of stored) {
      const want = wanted.find(({ sessionId }) => sessionId === owner.sessionId)!
      const session = new Session(owner, want, content, this.#environment)
      this.#held.set(session.id, session)
      owner.onLoss(() => this.#onLoss(session))
      session.start(content, want.linkingAttempt)
    }
    this.reconcileSoon() // what changed while we were loading
  }

  #onLoss(session: Session): void {
    if (this.#leaving.has(session)) return
    if (this.#held.get(session.id) === session) this.#held.delete(session.id)
    losses.inc()
    this.#claimTries.lost(session.id)
    this.reconcileSoon(this.#claimTries.untilNextMs)
  }

  /** Stops a session, writes what waits, releases its claim. */
  #leave(session: Session, why: 'stopped' | 'moved'): Promise<void> {
    const leaving = this.#leaving.get(session)
    if (leaving) return leaving
    const left = this.#leaveNow(session, why)
      .catch((error) => session.log.error({ err: error }, 'a session was not released'))
      .finally(() => {
        this.#leaving.delete(session)
        if (this.#held.get(session.id) === session) this.#held.delete(session.id)
        this.reconcileSoon()
      })
    this.#leaving.set(session, left)
    return left
  }

  async #leaveNow(session: Session, why: 'stopped' | 'moved'): Promise<void> {
    const { pool, bootId, status, log } = this.#options
    await session.stop(why)
    await failpoint('release.written')
    // The next owner tells its own state; a stopped session has none.
    if (why === 'stopped') await Promise.race([status.write(session).catch(() => {}), sleep(STATUS_WAIT_MS)])
    if (!session.owner.loss) {
      await persist('release', log, () => release(pool, bootId, [session.owner]))
      this.#released.set(session.id, session.owner.epoch)
      if (this.#released.size > MAX_RELEASED) this.#released.delete(this.#released.keys().next().value!)
    }
    await failpoint('release.released')
    session.owner.lose(new Error('released'))
    session.log.info({ why }, 'released')
  }

  async #onTick(): Promise<void> {
    this.#reconcile()
    if (this.#polling || !this.#options.mayAct()) return
    this.#polling = true
    this.#ticks++
    try {
      await this.#leaveWanted()
      if (this.#ticks % CLAIMS_EVERY_TICKS === 0) await this.#giveBackUnknown()
      const held = this.list().filter((session) => !session.stopped)
      for (const session of held) session.watchSends()
      await advanceSends(this.#options.pool)
      if (this.#ticks % PACES_EVERY_TICKS === 0) await this.#keepPace(held)
      const hungry = held.filter((session) => session.takesSends && session.outbox.wantsMore)
      for (const session of held) session.outbox.pump()
      await this.#poll(hungry, this.#ticks % COMMANDS_EVERY_TICKS === 0 ? held : [])
      if (this.#ticks % COMMANDS_EVERY_TICKS === 0) await this.#lookAround(held)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'open sends could not be read')
    } finally {
      this.#polling = false
    }
  }

  async #leaveWanted(): Promise<void> {
    const { pool, bootId } = this.#options
    if (this.#stopping) return
    for (const sessionId of this.#held.size > 0 ? await wantedElsewhere(pool, bootId) : []) {
      await failpoint('release.asked')
      const session = this.#held.get(sessionId)
      if (session) void this.#leave(session, 'moved')
    }
  }

  /** A claim may land when we wait for its answer no more; it would be held for as long as this boot lives. */
  async #giveBackUnknown(): Promise<void> {
    const { pool, bootId, log } = this.#options
    const held = await heldClaims(pool, bootId)
    if (this.#claiming || this.#stopping) return // what is granted right now is not among ours yet
    const unknown = held.filter(({ sessionId }) => !this.#held.has(sessionId))
    if (unknown.length === 0) return
    log.warn({ sessions: unknown.length }, 'gives back what it was granted without learning of it')
    await release(pool, bootId, unknown)
  }

  /** Changes, and what providers told, whose wake was lost. */
  async #lookAround(held: Session[]): Promise<void> {
    const { pool, bootId } = this.#options
    await this.#environment.replies.refresh()
    if (held.every(({ provider }) => provider === 'Baileys')) return
    for (const sessionId of await sessionsWithInbox(pool, bootId)) this.get(sessionId)?.wake()
  }

  async #keepPace(held: Session[]): Promise<void> {
    const { pool, bootId } = this.#options
    const paces = await loadPaces(
      pool,
      bootId,
      held.map(({ id }) => id),
    )
    for (const [id, pace] of paces) {
      const session = this.get(id)
      if (session) session.outbox.pace = pace
    }
  }

  async #poll(forSends: Session[], forCommands: Session[]): Promise<void> {
    const { pool, bootId } = this.#options
    const ids = (sessions: Session[]) => sessions.map((session) => session.id)
    for (const session of forSends) session.outbox.beforeLoad()
    const skip = Object.fromEntries(forSends.map((session) => [session.id, session.outbox.fullChats]))
    const [sends, commands] = await Promise.all([
      forSends.length ? loadSends(pool, bootId, ids(forSends), { ...OUTBOX_BATCH, skip }) : [],
      forCommands.length ? loadCommands(pool, bootId, ids(forCommands)) : [],
    ])
    for (const [id, rows] of Map.groupBy(sends, (row) => row.session_id)) this.get(id)?.outbox.offer(rows)
    for (const [id, rows] of Map.groupBy(commands, (row) => row.session_id)) this.get(id)?.takeCommands(rows)
  }
}
