/**
 * Leader election: one of several processes does the work, another takes over when it falls silent.
 *
 * Waiting → leading, when the lease could be written. Leading → waiting, when a renewal was refused because another
 * holds the lease, or none was confirmed within the deadline; the work's signal is aborted first, and the next term
 * waits until the work has ended. stop() ends either; a leader's work ends first, then the lease is given up.
 */
import type { Lease } from '../model/builtin.ts'
import { LeaseKind } from '../model/kind.ts'
import type { KubeClient } from './client.ts'
import { held, mayTakeAt, mustStopAt, type Observation, observe, released } from './election.ts'
import { isAlreadyExists, isConflict, isNotFound } from './error.ts'
import { type Log, silent } from './log.ts'
import { collectionPath, objectPath } from './path.ts'
import { sleep } from './sleep.ts'
import { kubeMicroTime } from './time.ts'

export interface LeaderOptions {
  /** Name of the Lease object. */
  name: string
  /** Who we are: unique to this run of the process, so that a restart is another candidate. */
  identity: string
  namespace?: string
  /** How long others wait after our last renewal that they saw; 6 s by default. */
  leaseDurationMs?: number
  /** How long we go on without a confirmed renewal; must be shorter. 4 s by default. */
  renewDeadlineMs?: number
  /** Between renewals, and between attempts to take the lease; 1 s by default. */
  retryPeriodMs?: number
  /**
   * The work of a leader. May return at once and leave things running, or a promise of their end; everything has to end
   * when the signal is aborted. If it throws, the lease is given up.
   */
  onStarted: (signal: AbortSignal) => Promise<void> | void
  /** After the work has ended. */
  onStopped?: () => void
  log?: Log
}

export class LeaderElector {
  readonly #client: KubeClient
  readonly #options: Required<Omit<LeaderOptions, 'onStopped'>> & Pick<LeaderOptions, 'onStopped'>
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #lease: Lease | undefined
  #observation: Observation | undefined
  /** When the last renewal that was confirmed was sent; -Infinity: we don't hold the lease. */
  #renewedAt = -Infinity

  constructor(client: KubeClient, options: LeaderOptions) {
    this.#client = client
    this.#options = {
      namespace: client.namespace,
      leaseDurationMs: 6_000,
      renewDeadlineMs: 4_000,
      retryPeriodMs: 1_000,
      log: silent,
      ...options,
    }
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#options
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs)) {
      throw new RangeError('a lease must last longer than its renew deadline, and that longer than the retry period')
    }
  }

  /** Whether our last confirmed renewal is recent enough; right even when timers are late. */
  get isLeader(): boolean {
    return performance.now() < mustStopAt(this.#renewedAt, this.#options.renewDeadlineMs)
  }

  /** Who held the lease when it was last read; '' or undefined: nobody, or not known. */
  get leader(): string | undefined {
    return this.#lease?.spec?.holderIdentity
  }

  /** Takes part in the election, again and again, until stop(). Resolves after that; never rejects. */
  run(): Promise<void> {
    this.#running ??= this.#run()
    return this.#running
  }

  /** Ends a term in the regular way: the work first, then the lease, so that the next one starts without waiting. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { name, log } = this.#options
    const stopping = this.#stopping.signal
    let failures = 0
    while (!stopping.aborted) {
      try {
        if (await this.#tryToHold()) await this.#lead()
        failures = 0
      } catch (error) {
        failures += 1
        log[failures === 1 ? 'warn' : 'debug']({ lease: name, failures, err: error }, 'no part in the leader election')
      }
      await sleep(this.#untilNextAttempt(), stopping).catch(() => {})
    }
  }

  /** A term: from the lease taken to the lease lost or given up. */
  async #lead(): Promise<void> {
    const { name, identity, log, onStarted, onStopped } = this.#options
    const term = new AbortController()
    let failed = false
    log.info({ lease: name, identity }, 'started to lead')
    // Started in a promise, so that a throw and a rejection are the same.
    const work = Promise.resolve()
      .then(() => onStarted(term.signal))
      .catch((error: unknown) => {
        failed = true
        log.warn({ lease: name, err: error }, 'the work of the leader failed')
        term.abort(error)
      })
    const reason = await this.#keepRenewing(term.signal)
    term.abort(new Error(reason))
    await work
    const holdsStill = this.isLeader && (failed || this.#stopping.signal.aborted)
    this.#renewedAt = -Infinity
    if (holdsStill) await this.#release()
    log.info({ lease: name, identity, reason }, 'stopped leading')
    onStopped?.()
  }

  /** Renews until that is over; says why it is. */
  async #keepRenewing(term: AbortSignal): Promise<string> {
    const { renewDeadlineMs, retryPeriodMs, name, log } = this.#options
    const ended = AbortSignal.any([term, this.#stopping.signal])
    while (true) {
      await sleep(retryPeriodMs, ended).catch(() => {})
      if (ended.aborted) return this.#stopping.signal.aborted ? 'stopping' : 'the work failed'
      const left = mustStopAt(this.#renewedAt, renewDeadlineMs) - performance.now()
      if (left <= 0) return 'no renewal was confirmed in time'
      try {
        if (!(await this.#tryToHold(left))) return 'another holds the lease'
      } catch (error) {
        log.warn({ lease: name, err: error }, 'the leader lease could not be renewed')
      }
    }
  }

  /** Takes or renews the lease. False: another one holds it, or was faster. Throws when the server can't be asked. */
  async #tryToHold(timeoutMs = this.#options.renewDeadlineMs): Promise<boolean> {
    const { identity, leaseDurationMs } = this.#options
    const deadline = performance.now() + timeoutMs
    if (this.#lease?.spec?.holderIdentity !== identity) await this.#read(deadline)
    for (let attempt = 1; ; attempt++) {
      const sentAt = performance.now()
      if (this.#observation && sentAt < mayTakeAt(this.#observation, identity)) return false
      try {
        await this.#write(held(this.#lease?.spec, identity, leaseDurationMs, kubeMicroTime(new Date())), deadline)
        this.#renewedAt = sentAt
        return true
      } catch (error) {
        const changed = isConflict(error) || isAlreadyExists(error) || isNotFound(error)
        if (!changed || attempt > 1) throw error
      }
      // Taken by another, or changed by a write of ours whose answer was lost, or by a person: look who holds it now.
      await this.#read(deadline)
    }
  }

  async #release(): Promise<void> {
    const { name, log, renewDeadlineMs } = this.#options
    try {
      await this.#write(
        released(this.#lease?.spec ?? {}, kubeMicroTime(new Date())),
        performance.now() + renewDeadlineMs,
      )
    } catch (error) {
      log.warn({ lease: name, err: error }, 'the leader lease could not be given up; others wait until it runs out')
    }
  }

  async #read(deadline: number): Promise<void> {
    const { name, namespace } = this.#options
    try {
      this.#keep(await this.#request('GET', objectPath(LeaseKind, namespace, name), deadline))
    } catch (error) {
      if (!isNotFound(error)) throw error
      this.#lease = undefined
      this.#observation = undefined
    }
  }

  /** Creates or replaces the lease, the latter only in the state in which we know it. */
  async #write(spec: Lease['spec'], deadline: number): Promise<void> {
    const { name, namespace } = this.#options
    const typeMeta = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
    this.#keep(
      this.#lease
        ? await this.#request('PUT', objectPath(LeaseKind, namespace, name), deadline, { ...this.#lease, spec })
        : await this.#request('POST', collectionPath(LeaseKind, namespace), deadline, {
            ...typeMeta,
            metadata: { name, namespace },
            spec,
          }),
    )
  }

  #keep(lease: Lease): void {
    this.#lease = lease
    this.#observation = observe(this.#observation, lease.spec ?? {}, performance.now())
  }

  /** Urgent: a renewal that queues behind a thousand status writes comes too late. */
  #request(method: 'GET' | 'PUT' | 'POST', path: string, deadline: number, body?: Lease): Promise<Lease> {
    const timeoutMs = Math.max(1, Math.min(deadline - performance.now(), this.#options.renewDeadlineMs / 2))
    return this.#client.request<Lease>(method, path, { body, timeoutMs, urgent: true })
  }

  #untilNextAttempt(): number {
    const { retryPeriodMs, identity } = this.#options
    const freeIn = this.#observation ? mayTakeAt(this.#observation, identity) - performance.now() : 0
    const period = retryPeriodMs * (1 + Math.random() * 0.2)
    return freeIn > 0 ? Math.min(period, freeIn + 1) : period
  }
}
