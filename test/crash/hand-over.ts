/**
 * Sessions that change hands while their holder can't ask Kubernetes: two workers, one of them the victim, and the line of the
 * other one, or of the victim itself, to the Kubernetes API.
 */
import { CuttableProxy } from '../kube-client/proxy.ts'
import type { TestWorker, World } from '../worker/world.ts'
import { type Group, newPod } from './group.ts'

export class HandOver {
  readonly #world: World
  readonly #group: Group
  /** Of the holder. */
  readonly #line: CuttableProxy
  #other: TestWorker | undefined

  private constructor(world: World, group: Group, line: CuttableProxy) {
    this.#world = world
    this.#group = group
    this.#line = line
  }

  static async prepare(world: World, group: Group): Promise<HandOver> {
    return new HandOver(world, group, await CuttableProxy.start(world.kubernetesUrl))
  }

  /** For the worker that is to hold the sessions. */
  get kubernetes(): string {
    return this.#line.url
  }

  /** The other worker holds all sessions, and can't ask Kubernetes any more. */
  async holdElsewhere(): Promise<void> {
    const pod = newPod()
    await this.#group.place(pod)
    this.#other = await this.#world.startWorker(pod, { kubernetes: this.kubernetes })
    await this.#group.untilConnected(pod, () => false)
    this.#line.cut()
  }

  /** The holder can't ask Kubernetes any more, and the first session is placed on the other worker. */
  async placeElsewhere(): Promise<void> {
    this.#other = await this.#world.startWorker(newPod())
    this.#line.cut()
    await this.#group.accounts[0]!.session.place(this.#other)
  }

  async end(): Promise<void> {
    this.#line.mend()
    await this.#other?.stop()
    await this.#line.close()
  }
}
