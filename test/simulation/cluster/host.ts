/** A machine: containers, and a kubelet that looks after the pods that are bound to it and tells the API of them. */

import { KubeError } from '@berth/core/kube/error.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import type { KubeObject } from '../kubernetes/object.ts'
import { Process } from '../process.ts'
import type { Random } from '../random.ts'
import type { Surroundings } from '../surroundings.ts'
import { Container } from './container.ts'

const LOOK_MS = 300
/** A kubelet compares what the API has with what it knows every ten seconds: a restored one has yesterday's. */
const TELL_AGAIN_MS = 10_000
const TIMEOUT_MS = 5_000

export class Host {
  readonly name: string
  /** By uid of the pod. */
  readonly containers = new Map<string, Container>()
  kubelet: Process
  /** When the API heard of it last. */
  heardAt = 0
  isUp = true
  readonly #random: Random
  readonly #world: Surroundings
  /** Uid → status as told last. */
  #told = new Map<string, { text: string; at: number }>()

  constructor(name: string, random: Random, world: Surroundings) {
    this.name = name
    this.#random = random
    this.#world = world
    this.kubelet = this.#startKubelet()
  }

  /** The kubelet is away for a while; the containers go on. */
  crashKubelet(awayMs: number): void {
    this.kubelet.kill()
    this.#world.time.after(awayMs, this.#world.kubernetes.process, () => {
      if (this.isUp) this.kubelet = this.#startKubelet()
    })
  }

  lose(): void {
    this.isUp = false
    this.kubelet.kill()
    for (const container of this.containers.values()) container.kill()
  }

  /** The machine is back, with nothing running. */
  comeBack(): void {
    if (this.isUp) return
    this.isUp = true
    this.kubelet = this.#startKubelet()
  }

  #startKubelet(): Process {
    const { time } = this.#world
    const process = new Process(`kubelet-${this.name}`, this.#random.fork(`kubelet/${time.now}`))
    this.#told = new Map()
    time.after(0, process, () => void this.#lookAgainAndAgain(process))
    return process
  }

  async #lookAgainAndAgain(process: Process): Promise<void> {
    for (;;) {
      try {
        await this.#look()
      } catch (error) {
        if (!(error instanceof KubeError)) throw error
        // The API is away: what runs goes on.
        for (const container of this.containers.values()) container.keepRunning()
      }
      await new Promise<void>((resolve) => this.#world.time.after(LOOK_MS, process, resolve))
    }
  }

  async #look(): Promise<void> {
    const { api, time } = this.#world
    const pods = await this.#call('look for pods', () => {
      this.heardAt = time.now
      return api.list<Pod>('pods').filter(({ spec }) => spec.nodeName === this.name)
    })
    const uids = new Set(pods.map(({ metadata }) => metadata.uid))
    for (const [uid, container] of this.containers) {
      if (uids.has(uid)) continue
      container.stop()
      if (!container.isRunning) this.containers.delete(uid)
    }
    for (const pod of pods) {
      try {
        await this.#lookAfter(pod)
      } catch (error) {
        // Overtaken: it is another one by now, or gone.
        if (!(error instanceof KubeError)) throw error
      }
    }
  }

  async #lookAfter(pod: Pod): Promise<void> {
    const { uid = '', name } = pod.metadata
    const container = this.containers.get(uid) ?? new Container(pod, this.#random, this.#world)
    this.containers.set(uid, container)
    if (pod.metadata.deletionTimestamp) {
      container.stop()
      if (container.isRunning) return
      const { api } = this.#world
      await this.#call(`remove pod ${name}`, () => api.delete('pods', name, { uid, graceless: true }, 'kubelet'))
      return
    }
    container.keepRunning()
    await this.#tell(pod, container)
  }

  async #tell({ metadata }: Pod, container: Container): Promise<void> {
    const { api, time } = this.#world
    const { name, uid = '' } = metadata
    const status = statusOf(container)
    const text = JSON.stringify(status)
    const told = this.#told.get(uid)
    if (told?.text === text && time.now - told.at < TELL_AGAIN_MS) return
    await this.#call(`status of pod ${name}: ${container.state}${container.isReady ? ', ready' : ''}`, () =>
      api.patch('pods', name, { metadata: { uid }, status }, true, 'kubelet'),
    )
    this.#told.set(uid, { text, at: time.now })
  }

  #call<T>(what: string, carryOut: () => T): Promise<T> {
    const { network, kubernetes } = this.#world
    const fail = () => KubeError.unreachable('the API', what, undefined)
    return network.call(this.kubelet, kubernetes, { what, timeoutMs: TIMEOUT_MS, carryOut, fail })
  }
}

function statusOf(container: Container): KubeObject['status'] & object {
  const { isReady: ready, state, starts } = container
  const states = {
    waiting: { waiting: { reason: 'ContainerCreating' } },
    running: { running: {} },
    terminated: { terminated: { exitCode: 137 } },
    backoff: { waiting: { reason: 'CrashLoopBackOff' } },
  }
  return {
    phase: state === 'waiting' ? 'Pending' : 'Running',
    podIP: '10.0.0.1',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ name: 'worker', ready, restartCount: Math.max(0, starts - 1), state: states[state] }],
  }
}
