/**
 * Tells Kubernetes what the held sessions are doing: `status.connection` and the conditions Linked and Connected, always
 * the complete set of the field manager. Changes of one session that come close together are one write; a write that fails
 * is repeated; no session ever waits for it, and nothing is written for one that is not ours any more.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { setCondition } from '@berth/core/kube/conditions.ts'
import { isConflict, isInvalid, isNotFound } from '@berth/core/kube/error.ts'
import type { Reflector } from '@berth/core/kube/reflector.ts'
import { kubeTime } from '@berth/core/kube/time.ts'
import { WorkQueue } from '@berth/core/kube/workqueue.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { Condition } from '@berth/core/model/meta.ts'
import type { SessionStatus, WhatsAppSession } from '@berth/core/model/session.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Session } from './sessions/session.ts'

const MANAGER = 'berth-worker'
const CONCURRENCY = 8
/** A login is mostly over by then, so that it costs one write and not two. */
const CONNECTING_MS = 1_500

export interface StatusWriterOptions {
  client: Pick<KubeClient, 'apply'>
  sessions: Pick<Reflector<WhatsAppSession>, 'list' | 'observe' | 'isSynced'>
  /** The held session of this id. */
  find(sessionId: string): Session | undefined
  log: Logger
}

/** What of a session goes into its status. */
export type ReportedSession = Pick<Session, 'id' | 'state' | 'linked'> & { owner: { epoch: number } }

export class StatusWriter {
  readonly #options: StatusWriterOptions
  readonly #queue: WorkQueue

  constructor(options: StatusWriterOptions) {
    this.#options = options
    this.#queue = new WorkQueue({
      name: 'status',
      concurrency: CONCURRENCY,
      log: options.log,
      handle: async (sessionId) => {
        const session = options.find(sessionId)
        if (session) await this.write(session)
      },
    })
  }

  /** The session's state changed. One that leaves says no more: the next owner tells its own state. */
  add({ id, state, stopped }: Pick<Session, 'id' | 'state' | 'stopped'>): void {
    if (stopped) return
    if (state.state === 'Connecting') this.#queue.addAfter(id, CONNECTING_MS)
    else this.#queue.add(id)
  }

  /** Writes what the session is doing now. */
  async write(session: ReportedSession): Promise<void> {
    const resource = this.#options.sessions.list().find((one) => one.status?.id === session.id)
    if (!resource) {
      if (!this.#options.sessions.isSynced) throw new Error('the sessions were not listed yet')
      return
    }
    const status = statusOf(session, resource, new Date())
    if (!status) return
    const { name, namespace, uid } = resource.metadata
    await failpoint('status.reporting')
    try {
      const written = await this.#options.client.apply(
        SessionKind,
        { metadata: { name, namespace, uid }, status },
        { manager: MANAGER, subresource: 'status', force: true },
      )
      await failpoint('status.reported')
      this.#options.sessions.observe(written)
    } catch (error) {
      // Deleted, made anew under the same name, or a later owner has written: not ours to tell any more.
      if (!isNotFound(error) && !isConflict(error) && !isInvalid(error)) throw error
      this.#options.log.debug({ sessionId: session.id, err: error }, 'status not written')
    }
  }

  stop(): Promise<void> {
    return this.#queue.stop()
  }
}

/** The manager's complete set; undefined when the resource says it already. */
export function statusOf(
  { state, linked, owner }: ReportedSession,
  { metadata, status }: WhatsAppSession,
  now: Date,
): SessionStatus | undefined {
  const connection: SessionStatus['connection'] = {
    state: state.state,
    since: kubeTime(state.since),
    ...(state.reason ? { reason: state.reason } : {}),
    ...(state.message ? { message: state.message } : {}),
    attempt: state.attempt,
    ...(state.phoneNumber ? { phoneNumber: state.phoneNumber } : {}),
    ...(state.lid ? { lid: state.lid } : {}),
    epoch: owner.epoch,
  }
  const ours = (status?.conditions ?? []).filter(({ type }) => type === 'Linked' || type === 'Connected')
  const { generation: observedGeneration } = metadata
  const connected = state.state === 'Connected'
  const conditions: Omit<Condition, 'lastTransitionTime'>[] = [
    linked
      ? { type: 'Linked', status: 'True', reason: 'Linked', message: `Linked to ${state.phoneNumber ?? 'a phone'}.` }
      : { type: 'Linked', status: 'False', reason: 'NotLinked', message: state.message ?? 'No phone is linked.' },
    connected
      ? { type: 'Connected', status: 'True', reason: 'Connected', message: 'WhatsApp answers.' }
      : {
          type: 'Connected',
          status: 'False',
          reason: state.reason ?? state.state,
          message: state.message ?? 'Not connected.',
        },
  ]
  const next = conditions.reduce<Condition[]>(
    (list, condition) => setCondition(list, { ...condition, observedGeneration }, now),
    ours,
  )
  const unchanged = next === ours && JSON.stringify(status?.connection) === JSON.stringify(connection)
  return unchanged ? undefined : { connection, conditions: next }
}
