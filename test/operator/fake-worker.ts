/**
 * A worker without WhatsApp: leases, claims and releases as a real one does, and says of each session that it is connected.
 * Faults are methods: it can fall silent, die, or refuse to let go.
 */
import { randomUUID } from 'node:crypto'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import { loadCommands } from '@berth/core/postgres/auth-state.ts'
import { type SessionRows, writeCommit } from '@berth/core/postgres/commit.ts'
import { claim, endLease, openLease, release, renewLease } from '@berth/core/postgres/ownership.ts'
import { openClient } from '@berth/core/postgres/pool.ts'
import { databaseDoubt, trustSession, vouch } from '@berth/core/postgres/trust.ts'

/** A real one renews each second; tests have no time for that. */
const BEAT_MS = 200

export interface FakeWorkerOptions {
  client: KubeClient
  databaseUrl: string
  name: string
  podUid: string
  /** false: it claims its sessions, and WhatsApp never answers them. */
  connects: boolean
  /** Between two renewals. */
  beatMs?: number
  /** Called before a session is released, and after one was claimed. */
  onMove?: (what: 'release' | 'claim', sessionId: string) => void
}

export class FakeWorker {
  readonly bootId = randomUUID()
  readonly #options: FakeWorkerOptions
  readonly #sessions: Reflector<WhatsAppSession>
  /** Session id → epoch. */
  readonly held = new Map<string, number>()
  /** Does what commands ask for. */
  obedient = true
  #commits = 0
  #running = true
  #silent = false
  #loop: Promise<void> | undefined

  constructor(options: FakeWorkerOptions) {
    this.#options = options
    this.#sessions = new Reflector(options.client, SessionKind, {
      fieldSelector: `status.placement.worker=${options.name}`,
    })
  }

  start(): void {
    this.#sessions.start()
    this.#loop = this.#run()
  }

  /** SIGKILL: nothing more is done, and nothing is said. */
  async die(): Promise<void> {
    this.#running = false
    await this.#loop
    await this.#sessions.stop()
  }

  /** Partition or standstill: it lives and does nothing. */
  fallSilent(): void {
    this.#silent = true
  }

  /** SIGTERM: releases everything, ends its lease; one that stands still does neither. */
  async stop(): Promise<void> {
    await this.die()
    if (this.#silent) return
    const db = await this.#connect()
    await this.#letGo(db, [...this.held.keys()])
    await endLease(db, this.bootId)
    await db.end()
  }

  /** A machine that is busy with tests may need more than one attempt. */
  async #connect(attempts = 10): Promise<Awaited<ReturnType<typeof openClient>>> {
    const options = { url: this.#options.databaseUrl, role: 'berth_worker', application: 'fake-worker' } as const
    return openClient(options).catch((error: unknown) => {
      if (attempts === 1) throw error
      return this.#connect(attempts - 1)
    })
  }

  async #run(): Promise<void> {
    const { name, podUid } = this.#options
    const db = await this.#connect()
    try {
      await openLease(db, { bootId: this.bootId, podUid, worker: name, address: `http://127.0.0.1/${name}` })
      while (this.#running) {
        if (!this.#silent) {
          if (!(await renewLease(db, this.bootId))) break
          const doubt = await databaseDoubt(db)
          if (doubt) await vouch(db, this.bootId, doubt, this.#commits)
          await this.#reconcile(db)
        }
        await new Promise((resolve) => setTimeout(resolve, this.#options.beatMs ?? BEAT_MS))
      }
    } finally {
      await db.end()
    }
  }

  async #reconcile(db: Awaited<ReturnType<typeof openClient>>): Promise<void> {
    const wanted = this.#sessions
      .list()
      .filter(
        ({ status, spec }) => status?.placement?.podUID === this.#options.podUid && spec.desiredState === 'Running',
      )
    const ids = new Set(wanted.map(({ status }) => status!.id!))
    await this.#letGo(
      db,
      [...this.held.keys()].filter((id) => !ids.has(id)),
    )
    const missing = wanted.filter(({ status }) => !this.held.has(status!.id!))
    await this.#claim(db, missing)
    if (!this.obedient || this.held.size === 0) return
    for (const { session_id: sessionId, id } of await loadCommands(db, this.bootId, [...this.held.keys()])) {
      await this.#write(db, [{ ...this.#rows(sessionId), commands: [{ id, status: 'done' }] }])
    }
  }

  async #claim(db: Awaited<ReturnType<typeof openClient>>, missing: WhatsAppSession[]): Promise<void> {
    if (missing.length === 0) return
    const claims = await claim(
      db,
      this.bootId,
      missing.map(({ status }) => ({ sessionId: status!.id!, generation: status!.placement!.generation })),
    )
    for (const { sessionId, epoch } of claims) this.held.set(sessionId, epoch)
    for (const one of claims) if (one.distrusted) await trustSession(db, this.bootId, one)
    for (const { sessionId } of claims) this.#options.onMove?.('claim', sessionId)
    await this.#write(
      db,
      claims.map(({ sessionId }) => ({
        ...this.#rows(sessionId),
        state: this.#options.connects ? connected : disconnected,
      })),
    )
  }

  async #letGo(db: Awaited<ReturnType<typeof openClient>>, ids: string[]): Promise<void> {
    if (ids.length === 0) return
    for (const id of ids) this.#options.onMove?.('release', id)
    await release(
      db,
      this.bootId,
      ids.map((sessionId) => ({ sessionId, epoch: this.held.get(sessionId)! })),
    )
    for (const id of ids) this.held.delete(id)
  }

  async #write(db: Awaited<ReturnType<typeof openClient>>, rows: SessionRows[]): Promise<void> {
    if (rows.length === 0) return
    const sorted = rows.sort((a, b) => (a.session.sessionId < b.session.sessionId ? -1 : 1))
    await writeCommit(db, this.bootId, ++this.#commits, sorted)
  }

  #rows(sessionId: string): SessionRows {
    return {
      session: { sessionId, epoch: this.held.get(sessionId)! },
      keys: [],
      journal: [],
      received: [],
      statuses: [],
      commands: [],
    }
  }
}

const disconnected = { state: 'Disconnected', attempt: 1, since: new Date(), phoneNumber: '+5511999990000' }
const connected = { state: 'Connected', attempt: 0, since: new Date(), phoneNumber: '+5511999990000' }
