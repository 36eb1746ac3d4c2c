/** Sees every state of sessions, workers and pods as it comes, and notes what must never be, however short. */
import { Reflector } from '@berth/core/kube/reflector.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { PodKind, SessionKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { Installation } from './installation.ts'

interface Place {
  podUID: string
  generation: number
}

export class Witness {
  readonly violations: string[] = []
  readonly #berth: Installation
  readonly #sessions: Reflector<WhatsAppSession>
  readonly #workers: Reflector<Worker>
  readonly #pods: Reflector<Pod>
  /** Session's uid → its last place. */
  readonly #places = new Map<string, Place>()
  /** Of all workers that there ever were. */
  readonly #names = new Set<string>()
  readonly #checks: Promise<void>[] = []

  constructor(berth: Installation) {
    const { client } = berth.cluster
    this.#berth = berth
    this.#sessions = new Reflector(client, SessionKind, { onChange: (_, session) => this.#sessionSeen(session) })
    this.#workers = new Reflector(client, WorkerKind, { onChange: (_, { metadata }) => this.#names.add(metadata.name) })
    this.#pods = new Reflector(client, PodKind, {
      onChange: (event, pod) => event === 'modified' && this.#podSeen(pod),
    })
    for (const reflector of this.#reflectors) reflector.start()
  }

  get #reflectors() {
    return [this.#sessions, this.#workers, this.#pods]
  }

  /** How many workers there ever were whose names begin so. */
  workersMade(prefix: string): number {
    return [...this.#names].filter((name) => name.startsWith(prefix)).length
  }

  /** Ends it; answers what it has seen that must never be. */
  async close(): Promise<string[]> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()))
    await Promise.all(this.#checks)
    return this.violations
  }

  #sessionSeen({ metadata, status }: WhatsAppSession): void {
    const place = status?.placement
    if (!place) return
    const before = this.#places.get(metadata.uid!)
    this.#places.set(metadata.uid!, place)
    const { generation, podUID } = place
    if (before && (generation < before.generation || (generation === before.generation && podUID !== before.podUID))) {
      this.violations.push(`${metadata.name}: generation ${before.generation} used again, or fallen, as ${generation}`)
    }
    if (!before && !metadata.deletionTimestamp) this.#checks.push(this.#requireRow(metadata.name, status.id))
  }

  /** A session is in the database before it is bound. */
  async #requireRow(name: string, id: string | undefined): Promise<void> {
    const row = id && (await this.#berth.sessionRow(id))
    // It may have been deleted in the meantime.
    const isGone = (await this.#berth.session(name))?.metadata.deletionTimestamp !== undefined
    if (!row && !isGone) this.violations.push(`${name}: bound, and there is no row`)
  }

  #podSeen(pod: Pod): void {
    if (pod.metadata.deletionTimestamp) this.#checks.push(this.#requireEmpty(pod))
  }

  /** A pod with sessions is never deleted. */
  async #requireEmpty({ metadata }: Pod): Promise<void> {
    const { items } = await this.#berth.cluster.client.list(SessionKind)
    const left = items.filter(({ status }) => status?.placement?.podUID === metadata.uid)
    for (const session of left) this.violations.push(`${session.metadata.name}: its pod ${metadata.name} was deleted`)
  }
}
