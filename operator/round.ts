/**
 * One round of the leader: take up what is new, see off what is deleted, plan, carry the plan out, report. Everything is
 * looked at anew each time, except that the planner leaves out what has not changed; a round that is interrupted, or partly
 * overtaken by others' writes, is simply made again.
 */
import { randomUUID } from 'node:crypto'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Plan } from '@berth/core/placement/action.ts'
import { Planner } from '@berth/core/placement/planner.ts'
import type { Reason, Snapshot } from '@berth/core/placement/snapshot.ts'
import { takeUp } from './arrivals.ts'
import type { Context, Observation } from './context.ts'
import { seeOthersOff, seeSessionsOff } from './departures.ts'
import { each } from './each.ts'
import { execute } from './execute.ts'
import type { Revocation } from './judge.ts'
import { SESSION_FINALIZER } from './labels.ts'
import { Loads } from './load.ts'
import { hostsOf } from './nodes.ts'
import { Ownership } from './ownership.ts'
import { troubleIn } from './pod-trouble.ts'
import { keepPods } from './pod-upkeep.ts'
import { templateRevision } from './pods.ts'
import { report } from './report.ts'
import { hasFinalizer, podOf } from './resources.ts'
import { ownerView, tierView, workerView } from './snapshot.ts'
import { Views } from './views.ts'

const AT_LEAST_EVERY_MS = 2_000

export class Rounds {
  readonly #context: Context
  /** Since when each worker has been surplus, and hot, in monotonic milliseconds. */
  #surplus = new Map<string, number>()
  #hot = new Map<string, number>()
  readonly #loads = new Loads()
  readonly #views = new Views()
  readonly #planner = new Planner()
  /** The last round, if it left nothing to do. */
  #last: { now: number; seen: unknown[] } | undefined

  constructor(context: Context) {
    this.#context = context
  }

  /**
   * Is there anything to do? When nothing has changed that a round looks at, and the last one had nothing left to do, one every
   * two seconds is enough, for what is only a matter of time.
   */
  isDue({ reading, now }: Observation, revocations: readonly Revocation[], changed: boolean): boolean {
    const last = this.#last
    if (!last || changed || revocations.length > 0 || now - last.now >= AT_LEAST_EVERY_MS) return true
    return this.#seen({ reading, now }).some((item, index) => item !== last.seen[index])
  }

  async run(observation: Observation, revocations: readonly Revocation[]): Promise<void> {
    const context = this.#context
    this.#last = undefined
    const revoked = await this.#revoke(revocations, observation.now)
    // A boot that was judged dead has renewed meanwhile: what we know is old. The next poll is due at once.
    if (revoked.size < revocations.length) return
    const ownership = new Ownership(context, observation, revoked)
    const blocked = await takeUp(context)
    const leaving = await seeSessionsOff(context, observation, ownership)
    this.#loads.observe(observation.reading.leases, observation.now)
    const snapshot = this.#snapshot(observation, ownership, blocked, leaving)
    this.#planner.take(snapshot)
    const made = this.#planner.plan(snapshot.seed, observation.now)
    this.#remember(made, observation.now)
    const outcome = await execute(made, context)
    // New pods start while all the rest is written.
    await keepPods(context)
    const isComplete = await report({ context, observation, ownership, snapshot, plan: made, outcome })
    await seeOthersOff(context, made)
    await this.#keepBudgets(made)
    context.calm.forget(observation.now)
    context.judge.keepOnly(context.resources.workers.list())
    if (isComplete && made.actions.length === 0) {
      this.#last = { now: observation.now, seen: this.#seen(observation) }
    }
  }

  async #keepBudgets({ scaling }: Plan): Promise<void> {
    const { resources, budgets, signal } = this.#context
    await each(resources.tiers.list(), async (tier) => {
      const size = scaling.get(tier.metadata.name)
      if (size && !signal.aborted) await budgets.keep(tier, size.wanted)
    })
  }

  #remember({ surplus, hot, relieved }: Plan, now: number): void {
    this.#surplus = new Map([...surplus].map((name) => [name, this.#surplus.get(name) ?? now]))
    this.#hot = new Map([...hot].map((name) => [name, relieved.has(name) ? now : (this.#hot.get(name) ?? now)]))
  }

  /** All that a round looks at beside the resources. */
  #seen({ reading, now }: Observation): unknown[] {
    const { resources, judge } = this.#context
    const workers = resources.workers.list().map((worker) => {
      const pod = podOf(worker, resources)
      return [judge.phaseOf(worker, pod, now).phase, judge.livingBoot(pod?.metadata.uid, now)?.bootId]
    })
    const logouts = [...reading.logouts.values()].map(({ id, status }) => [id, status])
    return [reading.owners, reading.states, workers.join(), logouts.join()]
  }

  /** Before anything else: the sessions of a dead boot can be claimed at once. Answers those that were revoked. */
  async #revoke(revocations: readonly Revocation[], now: number): Promise<Set<string>> {
    const { lead, signal, log, resources, events, judge } = this.#context
    const revoked = new Set<string>()
    await each(revocations, async ({ boot, reason }) => {
      if (signal.aborted) return
      if (!(await lead.revoke(boot, reason))) return
      revoked.add(boot.bootId)
      log.warn({ worker: boot.worker, bootId: boot.bootId, podUid: boot.podUid, reason }, 'boot revoked')
      const worker = resources.workers.get(boot.worker)
      if (!worker) return
      if (judge.livingBoot(boot.podUid, now)) {
        events.record(worker, 'Normal', 'Restarted', 'Its process has ended, and another one runs in the same pod.')
        return
      }
      const why = reason + troubleIn(resources.pods.get(boot.worker))
      events.record(worker, 'Warning', 'Revoked', `Its process was given up: ${why}.`)
    })
    return revoked
  }

  #snapshot(
    { now }: Observation,
    ownership: Ownership,
    blocked: ReadonlyMap<string, Reason>,
    leaving: ReadonlySet<string>,
  ): Snapshot {
    const { resources, judge, config, refusedPods, nodes } = this.#context
    const { tiers, tenants, sessions, workers, pods } = resources
    const behind = Date.now() - now
    const hosts = hostsOf(pods.list())
    const usable = ({ spec }: Tier) =>
      nodes?.usable({ ...config.workerPod.nodeSelector, ...spec.workers.template.nodeSelector })
    const planTime = (wallMs: number) => wallMs - behind
    return {
      tiers: tiers.list().map((tier) => tierView(tier, templateRevision(tier, config), usable(tier) ?? hosts)),
      tenants: tenants.list().map((tenant) => this.#views.tenant(tenant)),
      sessions: sessions
        .list()
        .filter((session) => hasFinalizer(session, SESSION_FINALIZER))
        .map((session) => {
          const { name } = session.metadata
          const { owner, state, boot } = ownership.of(session)
          return this.#views.session(session, {
            leaving: leaving.has(name),
            blocked: blocked.get(name),
            owner: owner && ownerView(owner, boot?.worker),
            state,
            connected: ownership.isConnected(session),
            planTime,
          })
        }),
      workers: workers.list().map((worker) => {
        const pod = podOf(worker, resources)
        const { name } = worker.metadata
        return workerView(worker, judge.phaseOf(worker, pod, now), {
          pod,
          refused: refusedPods.get(name),
          zone: nodes?.zoneOf(pod?.spec.nodeName),
          surplusSince: this.#surplus.get(name),
          hotSince: this.#hot.get(name),
          load: this.#loads.of(judge.livingBoot(pod?.metadata.uid, now)?.bootId),
        })
      }),
      seed: randomUUID(),
    }
  }
}
