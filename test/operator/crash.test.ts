/**
 * The operator dies between any two of its writes, or stands still there and goes on when another one leads already: the end is
 * the same as without that, and nothing forbidden happens on the way. Always: all stories at once under one operator after the
 * other, each of which gets a little further. With BERTH_FULL=1 each story alone, for each write of it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { KubeClient, type WatchOptions } from '@berth/core/kube/client.ts'
import type { WatchEvent } from '@berth/core/kube/watch-lines.ts'
import { type Kind, LeaseKind, PodKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { collections, openResources, type Resources } from '@berth/operator/resources.ts'
import { expect, test } from 'vitest'
import { Customer } from './customer.ts'
import { untilAtRest, untilSame } from './end-state.ts'
import { Death, type Fate, Pause } from './fate.ts'
import { Installation, PATIENCE, type RunningOperator } from './installation.ts'
import { Witness } from './witness.ts'

interface Story {
  name: string
  /** undefined: nothing of the customer is there yet. */
  before?: (customer: Customer) => Promise<void>
  act: (customer: Customer, berth: Installation) => Promise<void>
}

const arrive = (customer: Customer) => customer.arrive(TenantKind)

const STORIES: readonly Story[] = [
  { name: 'an installation', act: arrive },
  {
    name: 'a failover',
    before: arrive,
    act: async (customer, berth) => {
      const worker = (await berth.session(customer.sessions[0]!))!.status!.placement!.worker
      await berth.node.evict(worker)
    },
  },
  { name: 'another tier', before: arrive, act: (customer) => customer.change(TenantKind, { tier: 'x-other' }) },
  {
    name: 'a deletion with logout',
    before: (customer) => customer.arrive(SessionKind, { onDelete: { device: 'Logout', data: 'Erase' } }),
    act: async (customer, berth) => void (await berth.cluster.client.delete(SessionKind, customer.sessions[1]!)),
  },
  { name: 'the deletion of a customer', before: arrive, act: (customer) => customer.remove() },
  {
    name: 'scaling down',
    before: (customer) => customer.arrive(TierKind, { 'workers.spare': 2 }),
    act: (customer) => customer.change(TierKind, { 'workers.spare': 0 }),
  },
  {
    name: 'another template',
    before: arrive,
    act: (customer) => customer.change(TierKind, { 'workers.template.image': 'berth/worker:next' }),
  },
]

/** One installation, and what is seen of it. */
class Stage {
  readonly berth: Installation
  readonly view: Resources
  readonly witness: Witness
  #operator: RunningOperator | undefined

  private constructor(berth: Installation, view: Resources) {
    this.berth = berth
    this.view = view
    this.witness = new Witness(berth)
  }

  static async build(): Promise<Stage> {
    const berth = await Installation.start()
    const view = openResources(berth.cluster.client, createLogger('test').child({}, { level: 'silent' }), () => {})
    for (const collection of collections(view)) collection.start()
    await Promise.all(collections(view).map(({ synced }) => synced))
    return new Stage(berth, view)
  }

  /** Replaces the one before, however that ended. */
  async startOperator(fate?: Fate, Client?: typeof KubeClient): Promise<void> {
    await this.#operator?.stop()
    await this.#startNext(fate, Client)
  }

  /** Puts another one in place of one that stands still, which then goes on and believes that it leads, until it knows better. */
  async overtake(paused: Pause, fate: Fate): Promise<void> {
    const believer = this.#operator!
    const next = await this.#startNext(fate)
    await this.berth.until('the next one leads', async () => next.operator.isLeader)
    paused.end()
    await this.berth.until('the one before knows', async () => !believer.operator.isLeader)
    await believer.stop()
  }

  async #startNext(fate?: Fate, Client?: typeof KubeClient): Promise<RunningOperator> {
    // Nobody waits for the end of a dead leader's lease.
    await this.berth.cluster.client.delete(LeaseKind, 'berth-operator')
    this.#operator = this.berth.startOperator('operator', fate, Client)
    return this.#operator
  }

  /** A customer as it is before the story. */
  async prepare({ before }: Story): Promise<Customer> {
    const customer = Customer.expect(this.berth, this.view)
    await before?.(customer)
    await untilAtRest(this.berth, () => customer.state())
    return customer
  }

  /** What the story comes to when nobody dies. */
  async tell(story: Story): Promise<Customer> {
    const customer = await this.prepare(story)
    await story.act(customer, this.berth)
    return customer
  }

  /** What has become of a customer, and how many workers it took. */
  async #end(customer: Customer) {
    return { workersMade: this.witness.workersMade(customer.prefix), ...(await customer.state()) }
  }

  untilSame(customer: Customer, model: Customer): Promise<void> {
    return untilSame(this.berth, async () => [await this.#end(customer), await this.#end(model)])
  }

  async close(): Promise<void> {
    const violations = await this.witness.close()
    await Promise.all(collections(this.view).map((collection) => collection.stop()))
    await this.berth.close()
    expect(violations).toEqual([])
  }
}

/** Hears of changes late, of each kind another while. */
class LateClient extends KubeClient {
  override async *watch<T extends KubeObject>(kind: Kind<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const late = 500 * (1 + KINDS.indexOf(kind))
    for await (const event of super.watch(kind, options)) {
      await sleep(late, undefined, { signal: options.signal })
      yield event
    }
  }
}

const KINDS: readonly Kind[] = [PodKind, WorkerKind, SessionKind, TenantKind, TierKind]

if (process.env.BERTH_FULL) {
  test.concurrent.each(STORIES)('$name: whichever write it dies before', { timeout: 1_800_000 }, async (story) => {
    const stage = await Stage.build()
    await stage.startOperator()
    const model = await stage.tell(story)
    await untilAtRest(stage.berth, () => model.state())
    for (let before = 0, isOver = false; !isOver; before++) {
      const customer = await stage.prepare(story)
      const death = new Death(before)
      await stage.startOperator(death)
      await story.act(customer, stage.berth)
      const same = stage.untilSame(customer, model)
      isOver = await Promise.race([same.then(() => true), death.happened.then(() => false)])
      await stage.startOperator()
      await same
      await customer.remove()
      if (isOver) expect(before).toBeGreaterThan(5)
    }
    await stage.close()
  })

  test.concurrent.each(STORIES)(
    '$name: under an operator that hears late, of each kind another while',
    PATIENCE,
    async (story) => {
      const stage = await Stage.build()
      await stage.startOperator()
      const model = await stage.tell(story)
      await untilAtRest(stage.berth, () => model.state())
      const customer = await stage.prepare(story)
      await stage.startOperator(undefined, LateClient)
      await story.act(customer, stage.berth)
      await stage.untilSame(customer, model)
      await stage.close()
    },
  )
} else {
  test('operators that die, or stand still and go on, one after the other get to the same end', PATIENCE, async () => {
    const stage = await Stage.build()
    await stage.startOperator()
    const [models, customers] = await Promise.all([
      Promise.all(STORIES.map((story) => stage.tell(story))),
      Promise.all(STORIES.map((story) => stage.prepare(story))),
    ])
    await Promise.all(models.map((model) => untilAtRest(stage.berth, () => model.state())))
    let fate: Fate = new Death(0)
    await stage.startOperator(fate)
    await Promise.all(STORIES.map(({ act }, index) => act(customers[index]!, stage.berth)))
    const done = Promise.all(customers.map((customer, index) => stage.untilSame(customer, models[index]!)))
    const ended = done.then(() => 'ended')
    let operators = 1
    for (let writes = 0; (await Promise.race([fate.happened, ended])) !== 'ended'; operators++) {
      writes += operators
      const next = operators % 2 ? new Pause(writes) : new Death(writes)
      if (fate instanceof Pause) await stage.overtake(fate, next)
      else await stage.startOperator(next)
      fate = next
    }
    expect(operators).toBeGreaterThan(5)
    if (fate instanceof Pause) fate.end()
    await stage.close()
  })
}
