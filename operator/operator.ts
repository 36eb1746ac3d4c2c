/**
 * The operator: every replica watches and polls, so that the next leader knows who lives; only the leader acts.
 *
 * A turn is a poll of Postgres and, while leading, a round. Turns never overlap. One follows any change of a resource
 * after a moment (changes come in bunches), and half a second passes at most between two, as leases are judged by that.
 */
import { randomUUID } from 'node:crypto'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { EventRecorder } from '@berth/core/kube/events.ts'
import { LeaderElector } from '@berth/core/kube/leader.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { counter, gauge, histogram } from '@berth/core/telemetry/metrics.ts'
import { Budgets } from './budgets.ts'
import type { Config } from './config.ts'
import type { Database, Lead } from './database.ts'
import { DatabaseGuard, type Finding, type Sight } from './database-guard.ts'
import { Judge } from './judge.ts'
import { KeepsakeStore } from './keepsake.ts'
import { isDeposed } from './lead.ts'
import { Mirror } from './mirror.ts'
import { Nodes } from './nodes.ts'
import type { Reading } from './poll.ts'
import { collections, openResources, type Resources } from './resources.ts'
import { Rounds } from './round.ts'
import { Calm } from './status/calm.ts'
import { SWEEP_EVERY_MS } from './sweep.ts'
import { tellAll } from './tell.ts'

const LEASE_NAME = 'berth-operator'
const POLL_MS = 500
const DEBOUNCE_MS = 20

const leading = gauge({ name: 'berth_operator_leader', help: '1 while this replica leads' })
const turnSeconds = histogram({ name: 'berth_operator_turn_seconds', help: 'Time of a poll and its round' })
const keptSilent = gauge({
  name: 'berth_operator_silent_workers_kept',
  help: 'Silent workers that are not given up yet, because most workers are silent at once',
})
const failedTurns = counter({ name: 'berth_operator_failed_turns_total', help: 'Turns that were broken off' })

export interface OperatorOptions {
  client: KubeClient
  database: Database
  config: Config
  log: Logger
}

export class Operator {
  readonly #options: OperatorOptions
  readonly #resources: Resources
  readonly #nodes: Nodes | undefined
  readonly #events: EventRecorder
  readonly #elector: LeaderElector
  readonly #judge = new Judge()
  readonly #guard: DatabaseGuard
  readonly #canary = randomUUID()
  /** Aborted at the end of our term; undefined: we don't lead. */
  #term: AbortSignal | undefined
  /** Of this term, once the lead was taken in Postgres. */
  #taken: Lead | undefined
  /** Of this term, while the database is trusted. */
  #rounds: Rounds | undefined
  #stopped = false
  #turns: Promise<void> | undefined
  /** The turn that runs. */
  #current: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}
  #changed = false
  #reading: Reading | undefined
  #lastSweep = -Infinity
  #failures = 0
  #wereKept = 0

  constructor(options: OperatorOptions) {
    const { client, config, log } = options
    this.#options = options
    this.#resources = openResources(client, log, () => this.#changeSeen())
    this.#nodes = config.readNodes ? new Nodes(client, log, () => this.#changeSeen()) : undefined
    this.#events = new EventRecorder(client, { component: LEASE_NAME, instance: config.podName, log })
    this.#guard = new DatabaseGuard({ keepsake: new KeepsakeStore(client), events: this.#events, log })
    this.#elector = new LeaderElector(client, {
      name: LEASE_NAME,
      identity: `${config.podName}_${randomUUID()}`,
      leaseDurationMs: 6_000,
      renewDeadlineMs: 4_000,
      retryPeriodMs: 1_000,
      onStarted: (signal) => this.#lead(signal),
      log,
    })
  }

  /** Everything was read once; as a standby too. */
  get isReady(): boolean {
    return collections(this.#resources).every(({ isSynced }) => isSynced) && this.#failures < 10
  }

  get isLeader(): boolean {
    return this.#term !== undefined && this.#elector.isLeader
  }

  start(): void {
    for (const collection of collections(this.#resources)) collection.start()
    this.#nodes?.start()
    this.#turns = this.#takeTurns()
    void this.#elector.run()
  }

  /** Ends the round that runs, gives the lead up, and closes the watches. */
  async stop(): Promise<void> {
    await this.#elector.stop()
    this.#stopped = true
    this.#wake()
    await this.#turns
    await this.#events.close()
    await Promise.all([...collections(this.#resources).map((collection) => collection.stop()), this.#nodes?.stop()])
  }

  /** One term. Ends when the round that runs at its end has ended. */
  async #lead(signal: AbortSignal): Promise<void> {
    await Promise.race([Promise.all(collections(this.#resources).map(({ synced }) => synced)), aborted(signal)])
    if (signal.aborted) return
    this.#term = signal
    leading.set(1)
    this.#changeSeen()
    await aborted(signal)
    this.#term = undefined
    leading.set(0)
    await this.#current
    this.#taken = undefined
    this.#rounds = undefined
    this.#guard.endTerm()
    this.#wereKept = 0
    keptSilent.set(0)
  }

  /** Takes the lead in Postgres too. */
  async #take(): Promise<Lead> {
    const lead = await this.#options.database.takeLead()
    this.#guard.beginTerm()
    return lead
  }

  /** Reads what was written before. */
  async #beginRounds(lead: Lead, signal: AbortSignal): Promise<Rounds> {
    const { config, client, log } = this.#options
    const mirror = await Mirror.load(lead, client.namespace)
    return new Rounds({
      config,
      resources: this.#resources,
      lead,
      events: this.#events,
      log,
      judge: this.#judge,
      mirror,
      calm: new Calm(),
      nodes: this.#nodes,
      budgets: new Budgets(client, log),
      refusedPods: new Map(),
      signal,
    })
  }

  async #takeTurns(): Promise<void> {
    await Promise.all(collections(this.#resources).map(({ synced }) => synced)).catch(() => {})
    while (!this.#stopped) {
      const changed = this.#changed
      this.#changed = false
      this.#current = this.#turn(changed)
      await this.#current
      await this.#untilNext()
    }
  }

  /** `changed`: a resource has, since the last turn began. */
  async #turn(changed: boolean): Promise<void> {
    const { database, log } = this.#options
    const stopTimer = turnSeconds.startTimer()
    try {
      const sessions = this.#resources.sessions.list()
      const reading = await database.poll(this.#canary, this.#reading)
      this.#reading = reading
      this.#guard.observe(reading)
      const now = performance.now()
      const revocations = this.#judge.observe(reading, this.#resources.pods.list(), now)
      if (this.#term && this.isLeader) {
        this.#tellOfKept()
        this.#taken ??= await this.#take()
        if (await this.#isTrusted({ lead: this.#taken, reading, sessions, now })) {
          this.#rounds ??= await this.#beginRounds(this.#taken, this.#term)
          const observation = { reading, now }
          if (this.#rounds.isDue(observation, revocations, changed)) await this.#rounds.run(observation, revocations)
          await this.#sweepSometimes(now)
        }
      }
      this.#failures = 0
    } catch (error) {
      // Another took the lead in Postgres. If Kubernetes still says that it is ours, the next turn takes it back.
      if (isDeposed(error)) this.#taken = this.#rounds = undefined
      this.#failures += 1
      failedTurns.inc()
      // Everything is tried again in half a second; a first failure alone tells nobody anything.
      log[this.#failures === 3 ? 'warn' : 'debug']({ err: error, failures: this.#failures }, 'a turn was broken off')
    } finally {
      stopTimer()
    }
  }

  #tellOfKept(): void {
    const { kept } = this.#judge
    keptSilent.set(kept)
    if (kept > 0 !== this.#wereKept > 0) {
      const what = kept > 0 ? 'most workers are silent: they are given up one by one' : 'no more than a few are silent'
      this.#options.log.warn({ silent: kept }, what)
    }
    this.#wereKept = kept
  }

  /** If not, nothing that was read of it is kept. */
  async #isTrusted(sight: Omit<Sight, 'boots'>): Promise<boolean> {
    const { pods, sessions } = this.#resources
    const boots = pods.list().flatMap(({ metadata }) => this.#judge.livingBoot(metadata.uid, sight.now) ?? [])
    let finding: Finding | undefined
    try {
      finding = await this.#guard.look({ ...sight, boots })
    } finally {
      if (finding?.is !== 'trusted') this.#reading = this.#rounds = undefined
    }
    if (finding.is === 'trusted') return true
    if (finding.told) await tellAll(sessions, finding.told)
    return false
  }

  async #sweepSometimes(now: number): Promise<void> {
    if (now - this.#lastSweep < SWEEP_EVERY_MS) return
    this.#lastSweep = now
    const removed = await this.#options.database.sweep()
    this.#options.log.info(removed, 'old rows removed')
  }

  #changeSeen(): void {
    this.#changed = true
    this.#wake()
  }

  /** A moment after a change, else when the next poll is due. */
  async #untilNext(): Promise<void> {
    if (!this.#changed && !this.#stopped) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, POLL_MS)
      this.#wake = resolve
      await promise
      clearTimeout(timer)
    }
    if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, DEBOUNCE_MS))
  }
}

const aborted = (signal: AbortSignal): Promise<void> => {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
