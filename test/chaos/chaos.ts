/**
 * A chaos run: a whole Berth comes up, traffic flows both ways and never pauses, and N times something breaks. After each
 * fault we wait until every session is connected again and everything that was begun before is through. In the end the
 * judge counts, having proved on altered records that it sees what it should.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Arrivals } from './arrivals.ts'
import type { BerthUnderTest } from './berth-under-test.ts'
import { connectionsOf } from './collect.ts'
import type { NamedFault } from './faults/fault.ts'
import { Installation } from './installation.ts'
import { begunUntil, judge, type Verdict, violations } from './judge.ts'
import type { ChaosOptions } from './options.ts'
import type { Population } from './population.ts'
import { type Proof, proveJudge } from './proof.ts'
import { endlessly, Random } from './random.ts'
import type { Records } from './records.ts'
import { type Recovery, recoveries } from './recovery.ts'
import { Sightings } from './sightings.ts'
import type { Traffic } from './traffic.ts'
import { Trial } from './trial.ts'
import { patiently } from './until.ts'
import { Webhooks } from './webhooks/webhooks.ts'

export interface Round {
  number: number
  fault: string
  /** What was struck. */
  what: string
  recoveries: Recovery[]
  /** Sessions that are on another worker now. */
  moved: number
  /** Of these, those for which the fault was no reason: phone numbers. */
  movedInVain: string[]
  /** Fault to everything connected and through. */
  settledMs: number
  /** What the judge found that was not there before; empty when the plan leaves judging for the end. */
  findings: string[]
}

export interface ChaosResult {
  rounds: Round[]
  records: Records
  verdict: Verdict
  proof: Proof
  /** POSTs that got no answer or "later", so that customers repeated them. */
  repeatedPosts: number
  /** Why it ended before its time: something did not come back. */
  stuck?: string
}

export interface Listener {
  /** Everything is linked; traffic begins. */
  begins?(installation: Installation, traffic: Traffic, arrivals: Arrivals): void
  /** A fault is about to be caused. */
  strikes?(number: number, fault: string): void
  round(round: Round): void | Promise<void>
  /** All is counted; what was made for the run is about to be removed. */
  ends?(result: ChaosResult): Promise<void>
}

export interface Plan<B extends BerthUnderTest> extends Pick<ChaosOptions, 'rounds' | 'rates' | 'seed'> {
  faults: NamedFault<B>[]
  population: Population
  /** The faults in the order given, instead of a random one. */
  inOrder?: boolean
  /** The judge has a look after each fault, too. */
  judgesEach?: boolean
}

/** Traffic flows for this long before a fault, at most; the moment is random. */
const MAX_CALM_MS = 2_000

/** In that Berth, which is left afterwards. Throws when it can't even begin, or was aborted; what goes wrong later is in the result. */
export async function runChaos<B extends BerthUnderTest>(
  berth: B,
  plan: Plan<B>,
  listener: Listener,
  signal?: AbortSignal,
): Promise<ChaosResult> {
  const installation = await Installation.start(berth, plan.population, signal)
  try {
    const { webhookHost } = berth
    const webhooks = webhookHost === undefined ? undefined : await Webhooks.start(installation, webhookHost)
    const run = new Run(installation, plan, listener, webhooks, signal)
    try {
      const result = await run.whole()
      await listener.ends?.(result)
      return result
    } finally {
      await run.stop().finally(() => webhooks?.stop())
    }
  } finally {
    await installation.stop()
  }
}

class Run<B extends BerthUnderTest> {
  readonly #installation: Installation<B>
  readonly #plan: Plan<B>
  readonly #listener: Listener
  readonly #signal: AbortSignal | undefined
  readonly #random: Random
  readonly #trial: Trial<B>
  readonly #sightings: Sightings
  readonly #known = new Set<string>()
  readonly #rounds: Round[] = []

  constructor(
    installation: Installation<B>,
    plan: Plan<B>,
    listener: Listener,
    webhooks: Webhooks | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#installation = installation
    this.#plan = plan
    this.#listener = listener
    this.#signal = signal
    this.#random = new Random(plan.seed)
    // Of its own: how many messages there are must not change which faults come next.
    this.#trial = new Trial(installation, plan.seed + 1, webhooks, signal)
    this.#sightings = new Sightings(installation.kube, installation.accounts)
  }

  async whole(): Promise<ChaosResult> {
    const { traffic, arrivals } = this.#trial
    this.#sightings.start()
    traffic.start(this.#plan.rates)
    this.#listener.begins?.(this.#installation, traffic, arrivals)
    const stuck = await this.#allRounds().then(
      () => undefined,
      (error: unknown) => {
        this.#signal?.throwIfAborted()
        return reasons(error)
      },
    )
    await this.stop()
    // What is missing when it got stuck will not come any more.
    const records = await (stuck === undefined ? this.#trial.listedRecords() : this.#trial.records())
    const verdict = judge(records)
    return {
      rounds: this.#rounds,
      records,
      verdict,
      proof: proveJudge(records, verdict),
      repeatedPosts: traffic.failedTries,
      ...(stuck !== undefined && { stuck }),
    }
  }

  async stop(): Promise<void> {
    await this.#trial.stop()
    await this.#sightings.stop()
  }

  async #allRounds(): Promise<void> {
    await this.#settle(Date.now())
    const { faults, inOrder } = this.#plan
    const shuffled = endlessly(faults, this.#random)
    for (let number = 1; number <= this.#plan.rounds; number++) {
      const fault = inOrder ? faults[(number - 1) % faults.length]! : shuffled.next().value
      this.#listener.strikes?.(number, fault.name)
      const round = await this.#round(number, fault).catch((cause: unknown) => {
        throw new Error(`round ${number}, ${fault.name}`, { cause })
      })
      this.#rounds.push(round)
      await this.#listener.round(round)
    }
    this.#trial.traffic.stop()
    await this.#settle()
  }

  async #round(number: number, { name, cause: aim, keepsPlaces = false }: NamedFault<B>): Promise<Round> {
    const { accounts, simulator } = this.#installation
    const strike = await aim(this.#installation, this.#random)
    const before = await this.#installation.placements()
    await delay(this.#random.between(0, MAX_CALM_MS), undefined, this.#signal && { signal: this.#signal })
    const { at, what, frozen } = await strike()
    if (frozen) this.#trial.frozen.push(frozen)
    const liftedAt = Date.now()
    await this.#settle(liftedAt).catch((cause: unknown) => {
      throw new Error(`after ${what}`, { cause })
    })
    const settledAt = Date.now()
    const after = await this.#installation.placements()
    const numbers = accounts.map((account) => account.number)
    const moved = numbers.filter((account) => before.get(account) !== after.get(account))
    const connections = await patiently(() => connectionsOf(simulator))
    return {
      number,
      fault: name,
      what,
      recoveries: recoveries(
        { at, until: settledAt },
        numbers,
        connections,
        this.#trial.arrivals.since(at),
        this.#sightings.all,
      ),
      moved: moved.length,
      movedInVain: keepsPlaces ? moved : [],
      settledMs: settledAt - at,
      findings: this.#plan.judgesEach ? await this.#judgeUntil(liftedAt) : [],
    }
  }

  /**
   * Until all are connected, and all that was begun before that moment is through.
   * @param proofAfter every account must also have sent and received something that was begun after this time
   */
  async #settle(proofAfter?: number): Promise<void> {
    const trial = this.#trial
    await trial.untilConnected()
    await trial.untilThrough(Date.now())
    if (proofAfter !== undefined) await trial.untilNone('every session works', async () => this.#idle(proofAfter))
    await trial.untilConnected()
    trial.traffic.check()
  }

  /** The accounts through which nothing came, one way or the other, that was begun after this time. */
  #idle(begunAt: number): string[] {
    const ways = (['in', 'out'] as const).filter((way) => this.#plan.rates[way] > 0)
    const worked = new Set(this.#trial.arrivals.since(begunAt).map(({ account, way }) => `${account} ${way}`))
    const wanted = this.#installation.accounts.flatMap(({ number }) => ways.map((way) => `${number} ${way}`))
    return wanted.filter((one) => !worked.has(one))
  }

  /** What the judge says of everything begun until then and has not said before. */
  async #judgeUntil(time: number): Promise<string[]> {
    const verdict = judge(await this.#trial.listedRecords((records) => begunUntil(time, records)))
    const all = Object.entries(violations(verdict)).flatMap(([title, lines]) =>
      lines.map((line) => `${title}: ${line}`),
    )
    const found = all.filter((line) => !this.#known.has(line))
    for (const line of found) this.#known.add(line)
    return found
  }
}

/** An error's message with those of its causes. */
function reasons(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${reasons(error.cause)}`
}
