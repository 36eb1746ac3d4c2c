/** The operator as far as the gateway can tell: it mirrors the sessions of the Kubernetes API into Postgres. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import { sessionIdOf, sessionNameOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'

export class FakeOperator {
  /** Takes nothing up while it is true. */
  paused = false
  readonly #db: Pool
  readonly #client: KubeClient
  readonly #installation: string
  readonly #sessions: Reflector<WhatsAppSession>
  #work: Promise<unknown> = Promise.resolve()

  constructor(db: Pool, client: KubeClient, installation: string) {
    this.#db = db
    this.#client = client
    this.#installation = installation
    this.#sessions = new Reflector(client, SessionKind, {
      onChange: (event, session) => {
        this.#work = this.#work.then(() => this.#mirror(event, session))
      },
    })
  }

  async start(): Promise<this> {
    this.#sessions.start()
    await this.#sessions.synced
    return this
  }

  async stop(): Promise<void> {
    await this.#sessions.stop()
    await this.#work
  }

  async #mirror(event: 'added' | 'modified' | 'deleted', { metadata, spec }: WhatsAppSession): Promise<void> {
    if (this.paused) return
    if (event === 'deleted') {
      await this.#db.query('DELETE FROM session WHERE resource_name = $1', [metadata.name])
      return
    }
    await this.#db.query(
      `INSERT INTO session (id, tenant_id, name, resource_name, resource_uid, provider, desired_state)
       SELECT $1, t.id, $2, $3, $4, $5, $6 FROM tenant t WHERE t.name = $7
       ON CONFLICT (resource_name) WHERE deleted_at IS NULL DO UPDATE SET desired_state = excluded.desired_state`,
      [
        sessionIdOf(this.#installation, this.#client.namespace, metadata.name),
        sessionNameOf(metadata.name, spec.tenant),
        metadata.name,
        metadata.uid,
        spec.provider,
        spec.desiredState,
        spec.tenant,
      ],
    )
    await this.#db.query(
      'INSERT INTO session_owner (session_id, tenant_id) SELECT id, tenant_id FROM session WHERE resource_name = $1 ON CONFLICT DO NOTHING',
      [metadata.name],
    )
  }
}
