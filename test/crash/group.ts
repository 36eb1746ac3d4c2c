/** Two accounts that are always on the same worker, and the pods that they are moved between. */
import { randomBytes, randomUUID } from 'node:crypto'
import { until } from '../worker/until.ts'
import type { TestWorker, World } from '../worker/world.ts'
import { Account, type Pod, type Where } from './account.ts'

const CONNECTED_S = 60
let serial = 0

export const newPod = (): Pod => ({ name: `worker-${randomBytes(4).toString('hex')}`, podUid: randomUUID() })

export class Group {
  readonly accounts: Account[]
  readonly #world: World

  private constructor(world: World, accounts: Account[]) {
    this.#world = world
    this.accounts = accounts
  }

  static async create(world: World, size = 2): Promise<Group> {
    const accounts = await Promise.all(Array.from({ length: size }, () => Account.create(world, ++serial)))
    return new Group(world, accounts)
  }

  /** Links all accounts by a worker that is stopped afterwards. */
  static async linked(world: World): Promise<Group> {
    const group = await Group.create(world)
    const pod = newPod()
    await group.place(pod)
    const worker = await world.startWorker(pod)
    await Promise.all(group.accounts.map(({ session, number }) => session.link(worker, number)))
    await worker.stop()
    return group
  }

  /** All but the first one. */
  get others(): Group {
    return new Group(this.#world, this.accounts.slice(1))
  }

  async place(pod: Pod | undefined): Promise<void> {
    await Promise.all(this.accounts.map(({ session }) => session.place(pod)))
  }

  async talk(where?: Where): Promise<void> {
    await Promise.all(this.accounts.map((account) => account.talk(where)))
  }

  async passFiles(): Promise<void> {
    await Promise.all(this.accounts.map((account) => account.passFiles()))
  }

  async untilFilesAreWhole(): Promise<void> {
    await Promise.all(this.accounts.map((account) => account.untilFilesAreWhole()))
  }

  async untilArrived(over?: () => boolean): Promise<void> {
    await Promise.all(this.accounts.map((account) => account.untilArrived(over)))
  }

  /** Resolves when all are connected by claims of this pod, or when it is over. */
  async untilConnected(pod: Pod, over: () => boolean): Promise<void> {
    const ids = this.accounts.map(({ session }) => session.id)
    await until(async () => {
      const [{ count }] = (await this.#world.sql<{ count: number }>(
        `SELECT count(*)::int FROM session_owner o JOIN session_state s USING (session_id, epoch)
         WHERE o.session_id = ANY ($1) AND o.pod_uid = $2 AND o.released_at IS NULL AND s.state = 'Connected'`,
        ids,
        pod.podUid,
      )) as [{ count: number }]
      return over() || count === ids.length || undefined
    }, CONNECTED_S)
  }

  /** The same pod, a new boot. */
  restart(pod: Pod): Promise<TestWorker> {
    return this.#world.startWorker(pod)
  }

  /** As the operator takes sessions from a boot that it gives up. */
  async takeOver(from: Pod): Promise<TestWorker> {
    await this.#world.sql(
      `UPDATE worker_lease SET revoked_at = now(), revoked_reason = 'test'
       WHERE pod_uid = $1 AND revoked_at IS NULL AND ended_at IS NULL`,
      from.podUid,
    )
    const pod = newPod()
    await this.place(pod)
    return this.#world.startWorker(pod)
  }
}
