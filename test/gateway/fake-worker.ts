/**
 * A worker as far as the gateway can tell: a lease, claims and commits through the real functions of the database, and
 * the HTTP API of core/model/worker-api.ts. It speaks to no phone: the test says what happens.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Act, type ActAnswer, acts } from '@berth/core/model/acts.ts'
import type { AnswerOf, Question } from '@berth/core/model/questions.ts'
import { type AskFailure, PairingCodeRequest, type Qr, Wake } from '@berth/core/model/worker-api.ts'
import { loadCommands } from '@berth/core/postgres/auth-state.ts'
import { type SessionRows, type StateRow, writeCommit } from '@berth/core/postgres/commit.ts'
import { claim, endLease, openLease, release } from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { loadSends } from '@berth/core/postgres/sends.ts'

/** The parts of a commit that tests write. */
export type Rows = Partial<Pick<SessionRows, 'received' | 'statuses' | 'state' | 'commands' | 'people' | 'chats'>>

interface Held {
  epoch: number
  codes: Qr[]
  /** Sends what is open when it is woken. */
  sends: boolean
}

const GROUP = { id: '120363041234567890@g.us', subject: 'Acme', size: 1, announcements: false, locked: false }

/** What WhatsApp tells when the test says nothing else. */
const ANSWERS: { [Q in Question]: AnswerOf<Q> } = {
  profile: { phoneNumber: '+5511999990001', name: 'Acme Support' },
  contact: { phoneNumber: '+5511999990002', about: 'At the beach' },
  number: { exists: true, chat: '5511999990002@s.whatsapp.net' },
  groups: { groups: [GROUP] },
  blocked: { people: [{ phoneNumber: '+5511999990002', lid: '210987654321@lid' }] },
  invite: { code: 'HbGJ9tZkQ0a1' },
  group: { ...GROUP, members: [{ phoneNumber: '+5511999990001', role: 'owner' }] },
  presence: { presence: 'available', at: '2026-01-05T10:16:00.000Z' },
}

/** What WhatsApp answers to acts. */
const ACT_ANSWERS: { [A in Act]: ActAnswer<A> } = {
  createGroup: { id: GROUP.id, missing: [{ phoneNumber: '+5511999990003', outcome: 'invitation_needed' }] },
  addMembers: { members: [{ phoneNumber: '+5511999990002', outcome: 'added' }] },
  removeMember: {},
  setRole: {},
  changeGroup: {},
  leaveGroup: {},
  renewInvite: { code: 'NEWJ9tZkQ0a1' },
  joinGroup: { chat: GROUP.id },
  changeProfile: {},
  setPicture: {},
  setBlocked: {},
}

export class FakeWorker {
  readonly bootId = randomUUID()
  readonly podUid = randomUUID()
  /** The calls that came, as `METHOD /path`. */
  readonly calls: string[] = []
  /** How many callers hung up before they had an answer. */
  hungUp = 0
  /** The headers of the last one. */
  lastHeaders: IncomingHttpHeaders = {}
  /** Answers every call with this status instead. */
  answerWith: number | undefined
  /** What it answers to questions, each body that came with one, with an act or a presence, and why it refuses all of them. */
  readonly answers = { ...ANSWERS }
  readonly asked: unknown[] = []
  refuses: AskFailure | undefined
  /** So many acts it carries out yet; then it is no admin any more. */
  refusesAfter: number | undefined
  readonly #db: Pool
  readonly #token: string
  readonly #held = new Map<string, Held>()
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  #changed = Promise.withResolvers<void>()
  #commit = 0
  #lastCommit: Promise<unknown> = Promise.resolve()

  constructor(db: Pool, token: string) {
    this.#db = db
    this.#token = token
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Listens and opens the lease. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const boot = { bootId: this.bootId, podUid: this.podUid, worker: 'fake', address: this.address }
    await openLease(this.#db, boot)
    return this
  }

  /** Claims a session under a generation; false when somebody else holds it. */
  async claim(sessionId: string, generation: number, { sends = true } = {}): Promise<boolean> {
    const [claimed] = await claim(this.#db, this.bootId, [{ sessionId, generation }])
    if (!claimed) return false
    this.#held.set(sessionId, { epoch: claimed.epoch, codes: [], sends })
    return true
  }

  async release(sessionId: string): Promise<void> {
    const { epoch } = this.#held.get(sessionId)!
    this.#held.delete(sessionId)
    await release(this.#db, this.bootId, [{ sessionId, epoch }])
    this.#notify()
  }

  /** Answers 421 for the session from now on, though Postgres still names this boot. */
  forget(sessionId: string): void {
    this.#held.delete(sessionId)
  }

  /** One commit for one session, under the fence. */
  async write(sessionId: string, rows: Rows): Promise<void> {
    const { epoch } = this.#held.get(sessionId)!
    const session = { sessionId, epoch }
    const all = { session, keys: [], journal: [], received: [], statuses: [], commands: [], ...rows }
    const commit = this.#lastCommit.then(() => writeCommit(this.#db, this.bootId, ++this.#commit, [all]))
    this.#lastCommit = commit.catch(() => {})
    if (!(await commit)?.has(sessionId)) throw new Error('the fence refused the commit')
  }

  async setState(sessionId: string, state: string, more: Partial<StateRow> = {}): Promise<void> {
    await this.write(sessionId, { state: { state, attempt: 0, since: new Date(), ...more } })
    this.#notify()
  }

  /** Linked and connected. */
  connect(sessionId: string, phoneNumber = '+5511999990001'): Promise<void> {
    return this.setState(sessionId, 'Connected', { phoneNumber })
  }

  /** A new code to scan. */
  offer(sessionId: string, qr: string): void {
    const { codes } = this.#held.get(sessionId)!
    codes.push({ number: codes.length + 1, qr, expiresAt: new Date(Date.now() + 20_000).toISOString() })
    this.#notify()
  }

  /** Sends what is open, as the real worker would when it is woken. */
  async sendOpen(sessionId: string): Promise<void> {
    const open = await loadSends(this.#db, this.bootId, [sessionId], { limit: 100 })
    if (open.length === 0) return
    const statuses = open.map((row) => ({
      whatsappId: row.whatsapp_id,
      status: 'sent' as const,
      sentAt: new Date(),
    }))
    await this.write(sessionId, { statuses })
    this.#notify()
  }

  /** Waits until there is something to send, and has it fail. */
  async failOpen(sessionId: string, errorCode: string): Promise<void> {
    for (;;) {
      const changed = this.#changed.promise // before the look, so that nothing is missed
      const [row] = await loadSends(this.#db, this.bootId, [sessionId], { limit: 1 })
      if (row) {
        await this.write(sessionId, { statuses: [{ whatsappId: row.whatsapp_id, status: 'failed', errorCode }] })
        return this.#notify()
      }
      await changed
    }
  }

  /** Carries out the commands that wait. */
  async runCommands(sessionId: string): Promise<void> {
    const open = await loadCommands(this.#db, this.bootId, [sessionId])
    await this.write(sessionId, { commands: open.map(({ id }) => ({ id, status: 'done' as const })) })
  }

  /** Stops listening without a word, as a process that was killed; the lease stays. */
  async kill(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  /** Ends the lease in good order and stops. */
  async stop(): Promise<void> {
    await endLease(this.#db, this.bootId)
    if (this.#server.listening) await this.kill()
  }

  #notify(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body?: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(body === undefined ? undefined : JSON.stringify(body))
    }
    response.once('close', () => {
      if (!response.writableFinished) this.hungUp++
    })
    const url = new URL(request.url!, 'http://worker')
    this.calls.push(`${request.method} ${url.pathname}`)
    this.lastHeaders = request.headers
    if (request.headers.authorization !== `Bearer ${this.#token}`) {
      return reply(401, { code: 'unauthorized', message: 'wrong token' })
    }
    if (this.answerWith) return reply(this.answerWith, { code: 'bad_request', message: 'as the test wants' })
    const [, sessionId, action, question] = /^\/sessions\/([^/]+)\/([^/]+)(?:\/(.+))?$/.exec(url.pathname) ?? []
    const held = sessionId && this.#held.get(sessionId)
    if (!sessionId || !held) return reply(421, { code: 'not_mine', message: 'not mine' })
    const body = request.method === 'GET' ? undefined : await bodyOf(request)
    if (action === 'pairing-code' || action === 'questions' || action === 'acts' || action === 'presence') {
      this.asked.push(body)
      if (this.refuses) return reply(409, { code: this.refuses, message: 'as the test wants' })
      if (action === 'presence') return reply(204)
      if (action === 'questions') return reply(200, this.answers[question as Question])
      if (action === 'acts') {
        acts[question as Act].input.parse(body)
        if (this.refusesAfter === 0) return reply(409, { code: 'not_admin', message: 'as the test wants' })
        if (this.refusesAfter !== undefined) this.refusesAfter -= 1
        return reply(200, ACT_ANSWERS[question as Act])
      }
      PairingCodeRequest.parse(body)
      return reply(200, { code: 'ABCD-EFGH', expiresAt: new Date(Date.now() + 100_000).toISOString() })
    }
    if (action === 'wake') {
      const wake = Wake.parse(body)
      this.#notify()
      if (held.sends) await this.sendOpen(sessionId)
      else await this.#wait(wake.wait)
      return reply(200, {})
    }
    const after = Number(url.searchParams.get('after'))
    const newest = () => held.codes.findLast((code) => code.number > after)
    if (!newest()) await this.#wait(Number(url.searchParams.get('wait')))
    const code = newest()
    return code ? reply(200, code) : reply(204)
  }

  /** Until something changes, or so many seconds went by. */
  async #wait(seconds: number): Promise<void> {
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, seconds * 1000)
    await Promise.race([this.#changed.promise, timeout.promise])
    clearTimeout(timer)
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString())
}
