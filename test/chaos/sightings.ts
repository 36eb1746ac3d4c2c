/** When the Kubernetes API first showed that the operator reacts: for each account, as a watch sees it. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { getCondition } from '@berth/core/kube/conditions.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import { SessionKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { Condition, KubeObject } from '@berth/core/model/meta.ts'
import { resourceNameOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { Account } from './population.ts'

/** Unix milliseconds. */
export interface Sighting {
  account: string
  at: number
  /** noticed: the operator says something else of the session, or of its worker. placed: the session has another place. */
  what: 'noticed' | 'placed'
}

export class Sightings {
  readonly all: Sighting[] = []
  readonly #numbers: Map<string, string>
  readonly #sessions: Reflector<WhatsAppSession>
  readonly #workers: Reflector<Worker>

  constructor(kube: KubeClient, accounts: Account[]) {
    this.#numbers = new Map(
      accounts.map(({ tenant, session, number }) => [resourceNameOf(tenant, session), number] as const),
    )
    this.#sessions = new Reflector(kube, SessionKind, {
      onChange: (_, session, before) => before && this.#compareSessions(session, before),
    })
    this.#workers = new Reflector(kube, WorkerKind, {
      onChange: (_, worker, before) => before && this.#compareWorkers(worker, before),
    })
  }

  start(): void {
    this.#sessions.start()
    this.#workers.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#sessions.stop(), this.#workers.stop()])
  }

  #compareSessions(session: WhatsAppSession, before: WhatsAppSession): void {
    if (session.status?.placement?.generation !== before.status?.placement?.generation) this.#note(session, 'placed')
    if (reasonOf(session) !== reasonOf(before)) this.#note(session, 'noticed')
  }

  #compareWorkers(worker: Worker, before: Worker): void {
    if (reasonOf(worker) === reasonOf(before)) return
    for (const session of this.#sessions.list()) {
      if (session.status?.placement?.worker === worker.metadata.name) this.#note(session, 'noticed')
    }
  }

  #note({ metadata }: WhatsAppSession, what: Sighting['what']): void {
    const account = this.#numbers.get(metadata.name!)
    if (account !== undefined) this.all.push({ account, at: Date.now(), what })
  }
}

const reasonOf = ({ status }: KubeObject & { status?: { conditions?: Condition[] } }): string | undefined =>
  getCondition(status?.conditions, 'Ready')?.reason
