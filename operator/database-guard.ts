/**
 * Whether the database may be trusted: the shell around core/ownership/database.ts, which says what is decided and why.
 *
 * Every operator watches its own canary and the highest mark that it sees. The one that leads compares them, what is kept in
 * Kubernetes and the epochs in sessions' statuses with the database, each time before a round; it confirms, repairs, or
 * waits for a person. While there is a doubt there are no rounds. In quiet times it moves the mark on every two seconds.
 */
import type { EventRecorder } from '@berth/core/kube/events.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import {
  compareMarks,
  isAnswerable,
  judgeDatabase,
  type Mark,
  nextIncarnation,
  type Verdict,
} from '@berth/core/ownership/database.ts'
import type { Reason } from '@berth/core/placement/snapshot.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { counter, gauge } from '@berth/core/telemetry/metrics.ts'
import type { Lead } from './database.ts'
import type { KeepsakeStore, Kept } from './keepsake.ts'
import type { LeaseRow, OwnerRow, Reading } from './poll.ts'

const MARK_EVERY_MS = 2_000

const inDoubt = gauge({
  name: 'berth_operator_database_in_doubt',
  help: '1 while nothing is claimed because it is not certain that the database has all that was written',
})
const isForeign = gauge({
  name: 'berth_operator_database_elsewhere',
  help: '1 while the database belongs to another installation: a person must say which of the two goes on',
})
const repairs = counter({
  name: 'berth_operator_database_repairs_total',
  help: 'How often the database was found to have gone back in time, and was repaired',
})

export interface GuardOptions {
  keepsake: KeepsakeStore
  events: Pick<EventRecorder, 'record'>
  log: Logger
}

export interface Sight {
  lead: Lead
  reading: Reading
  /** As they were known before the reading was asked for: what they tell of was durable by then. */
  sessions: readonly WhatsAppSession[]
  /** The newest living boot of each pod. */
  boots: readonly LeaseRow[]
  /** Monotonic milliseconds. */
  now: number
}

/** Trusted: a round may run. In doubt: nothing that was read before counts any more; `told`: what people are to know. */
export type Finding = { is: 'trusted' } | { is: 'in doubt'; told?: Reason }

export class DatabaseGuard {
  readonly #options: GuardOptions
  #beat: number | undefined
  /** Our canary went back. */
  #isBehind = false
  #seen: Mark | undefined
  /** Homes that this process has given the database. */
  readonly #homes = new Set<string>()
  #kept: Kept | undefined
  /** What is kept outside was read in this term. */
  #isRead = false
  #doubt: { text: string; since: number } | undefined
  #markedAt = -Infinity

  constructor(options: GuardOptions) {
    this.#options = options
  }

  /** Takes in each poll, leading or not. */
  observe({ trust, canaryBeat }: Reading): void {
    if (this.#seen && trust.incarnation > this.#seen.incarnation) this.#isBehind = false
    // A first beat is that of a new row: the old one was swept away while we could not reach the database.
    if (this.#beat !== undefined && canaryBeat > 1 && canaryBeat <= this.#beat) this.#isBehind = true
    this.#beat = canaryBeat
    if (!this.#seen || compareMarks(trust, this.#seen) > 0)
      this.#seen = { incarnation: trust.incarnation, mark: trust.mark }
  }

  /** Another may have led meanwhile. */
  beginTerm(): void {
    this.#isRead = false
  }

  endTerm(): void {
    inDoubt.set(0)
    isForeign.set(0)
  }

  /** As the leader, before a round. */
  async look(sight: Sight): Promise<Finding> {
    const { trust } = sight.reading
    if (!this.#isRead || isAwaitingPerson(trust.home, this.#kept)) await this.#read()
    const verdict = this.#judge(sight)
    const isTrusted = verdict === 'same' && !trust.doubt && trust.home !== undefined && trust.home === this.#kept?.uid
    inDoubt.set(isTrusted ? 0 : 1)
    isForeign.set(verdict === 'elsewhere' ? 1 : 0)
    if (isTrusted) {
      this.#doubt = undefined
      if (sight.now - this.#markedAt >= MARK_EVERY_MS) await this.#moveMark(sight)
      return { is: 'trusted' }
    }
    return this.#answer(verdict, sight)
  }

  #judge({ reading, sessions }: Sight): Verdict {
    const { trust, owners } = reading
    const verdict = judgeDatabase({
      database: trust,
      keepsake: this.#kept,
      seen: this.#seen,
      isHome: this.#homes.has(trust.home ?? ''),
      isBehind: this.#isBehind || (trust.doubt !== undefined && tellOfMore(sessions, owners)),
    })
    // A person has said that this one goes on. Nobody knows how long the other one did.
    return verdict === 'elsewhere' && this.#kept?.adopt === trust.home ? 'went back' : verdict
  }

  async #answer(verdict: Verdict, sight: Sight): Promise<Finding> {
    const { lead, reading, boots, now } = sight
    const { trust } = reading
    const kept = this.#kept ?? (await this.#create(verdict === 'elsewhere' ? { incarnation: 0, mark: 0 } : trust))
    if (!kept) return { is: 'in doubt' }
    // Found while everybody thought that all was well: from now on nobody claims.
    if (verdict !== 'same' && !trust.doubt) {
      await lead.trust.report(verdict === 'elsewhere' ? 'it is of another installation' : 'the operator has seen more')
      return { is: 'in doubt' }
    }
    if (trust.doubt && this.#doubt?.text !== trust.doubt) {
      this.#doubt = { text: trust.doubt, since: now }
      return { is: 'in doubt' } // some of the reading may be from before
    }
    if (verdict === 'elsewhere') return { is: 'in doubt', told: await this.#tellOfOther(trust.home!, kept) }
    const missing = boots.filter((boot) => boot.vouched !== trust.doubt).length
    if (trust.doubt && !isAnswerable(verdict, missing, now - this.#doubt!.since)) return { is: 'in doubt' }
    if (verdict === 'went back') return this.#repair(sight, kept)
    if (!(await lead.trust.confirm(trust.doubt, kept.uid))) return { is: 'in doubt' }
    this.#homes.add(kept.uid)
    this.#options.log.info({ home: kept.uid, unheard: missing }, 'the database is confirmed: nothing is missing')
    return { is: 'trusted' }
  }

  async #repair({ lead, reading, sessions }: Sight, kept: Kept): Promise<Finding> {
    const { log, events } = this.#options
    const { trust, owners } = reading
    const known = this.#seen ? [kept, this.#seen] : [kept]
    const next = nextIncarnation(trust, known, highestEpoch(sessions))
    const distrusted = await lead.trust.repair(trust.doubt!, kept.uid, next, provenHolds(sessions, owners))
    if (distrusted === undefined) return { is: 'in doubt' }
    this.#homes.add(kept.uid)
    this.#seen = next
    this.#isBehind = false
    repairs.inc()
    log.error(
      { incarnation: next.incarnation, distrusted, found: trust },
      'the database had gone back in time, and was repaired: what was written last is missing, see docs/operations.md',
    )
    const message =
      `The database had gone back in time. ${distrusted} sessions get new keys before they log in; no code has to be ` +
      'scanned. What was written last is missing: see "The database went back" in docs/operations.md.'
    events.record(kept.object, 'Warning', 'DatabaseRestored', message)
    this.#kept = (await this.#options.keepsake.write(kept, next)) ?? (await this.#read())
    return { is: 'in doubt' }
  }

  async #tellOfOther(home: string, kept: Kept): Promise<Reason> {
    if (kept.found !== home) this.#kept = (await this.#options.keepsake.tell(kept, home)) ?? (await this.#read())
    const message =
      `The database belongs to another installation (${home}). Nothing logs in here, so that no account is used twice. ` +
      'If it is to go on here, stop the other installation for good, then: npm run berth -- database adopt'
    this.#options.events.record(kept.object, 'Warning', 'DatabaseElsewhere', message)
    return { reason: 'DatabaseElsewhere', message }
  }

  async #moveMark({ lead, now }: Sight): Promise<void> {
    const mark = await lead.trust.raiseMark()
    this.#seen = mark
    this.#markedAt = now
    try {
      const written = await this.#options.keepsake.write(this.#kept!, mark)
      if (written) this.#kept = written
      else await this.#read() // changed by somebody, or gone: then the next turn makes another one
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the mark of the database could not be kept in Kubernetes')
    }
  }

  async #read(): Promise<Kept | undefined> {
    this.#kept = await this.#options.keepsake.read()
    this.#isRead = true
    return this.#kept
  }

  async #create(mark: Mark): Promise<Kept | undefined> {
    this.#kept = await this.#options.keepsake.create(mark)
    return this.#kept ?? this.#read()
  }
}

const isAwaitingPerson = (home: string | undefined, kept: Kept | undefined): boolean =>
  home !== undefined && home !== kept?.uid

/** A worker writes a status after its claim is durable. */
const tellOfMore = (sessions: readonly WhatsAppSession[], owners: ReadonlyMap<string, OwnerRow>): boolean =>
  sessions.some(({ status, metadata }) => {
    const owner = owners.get(status?.id ?? '')
    const epoch = status?.connection?.epoch ?? 0
    return owner !== undefined && !metadata.deletionTimestamp && epoch > owner.epoch
  })

const highestEpoch = (sessions: readonly WhatsAppSession[]): number =>
  sessions.reduce((highest, { status }) => Math.max(highest, status?.connection?.epoch ?? 0), 0)

/** Claims need a placement that names them: who still has the newest one was followed by nobody. */
const provenHolds = (sessions: readonly WhatsAppSession[], owners: ReadonlyMap<string, OwnerRow>): string[] =>
  sessions.flatMap(({ status }) => {
    const owner = owners.get(status?.id ?? '')
    const placement = status?.placement
    const isHeld = owner !== undefined && placement !== undefined && !owner.released
    return isHeld && owner.generation === placement.generation && owner.podUid === placement.podUID
      ? [owner.sessionId]
      : []
  })
