/** Calls to the workers' API (core/model/worker-api.ts), one pool of connections per worker. */
import { type Act, type ActAnswer, type ActInput, acts } from '@berth/core/model/acts.ts'
import {
  ANSWER_SECONDS,
  type AnswerOf,
  type InputOf,
  type Question,
  questions,
  type ShownPresence,
} from '@berth/core/model/questions.ts'
import { AskFailure, PairingCode, Qr, type Wake, WorkerError } from '@berth/core/model/worker-api.ts'
import { currentTrace, traceHeaders } from '@berth/core/telemetry/trace.ts'
import { LRUCache } from 'lru-cache'
import { Pool } from 'undici'
import { type Failure, failureOf } from './decide.ts'
import type { Owner } from './owner.ts'

/** A call came to nothing: the router decides what becomes of it. */
export class WorkerCallFailed extends Error {
  override name = 'WorkerCallFailed'
  readonly failure: Failure

  constructor(failure: Failure, message: string, cause?: unknown) {
    super(message, { cause })
    this.failure = failure
  }
}

/** What was asked of WhatsApp came to nothing. */
export class AskRefused extends Error {
  override name = 'AskRefused'
  readonly failure: AskFailure

  constructor(failure: AskFailure, message: string) {
    super(message)
    this.failure = failure
  }
}

export type QrAnswer = { kind: 'qr'; qr: Qr } | { kind: 'none' } | { kind: 'not_waiting'; state?: WorkerError['state'] }

interface WorkerCall {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  body?: unknown
  waitSeconds: number
  signal?: AbortSignal
}

interface Answer {
  status: number
  body: unknown
}

const CONNECT_TIMEOUT_MS = 500
/** What a worker may take beyond the time that it was asked to wait. */
const ANSWER_TIMEOUT_MS = 3000
const MAX_WORKERS = 2000
const UNUSED_MS = 5 * 60_000

export class WorkerClient {
  readonly #authorization: string
  readonly #pools = new LRUCache<string, Pool>({
    max: MAX_WORKERS,
    ttl: UNUSED_MS,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    dispose: (pool) => void pool.close().catch(() => {}),
  })

  constructor(internalToken: string) {
    this.#authorization = `Bearer ${internalToken}`
  }

  /** A code newer than number `after` of this boot; the worker waits up to `wait` seconds for one. */
  async qr(
    owner: Owner,
    sessionId: string,
    { after, wait, signal }: { after: number; wait: number; signal?: AbortSignal },
  ): Promise<QrAnswer> {
    const path = `/sessions/${sessionId}/qr?after=${after}&wait=${wait}`
    const { status, body } = await this.#request(owner, { method: 'GET', path, waitSeconds: wait, signal })
    if (status === 200) return { kind: 'qr', qr: Qr.parse(body) }
    if (status === 204) return { kind: 'none' }
    if (status === 409) return { kind: 'not_waiting', state: WorkerError.safeParse(body).data?.state }
    throw unexpected(status, path)
  }

  /** A code for the phone of this number (E.164) to type. Throws AskRefused, as all that asks WhatsApp. */
  async pairingCode(owner: Owner, sessionId: string, phoneNumber: string, signal: AbortSignal): Promise<PairingCode> {
    const path = `/sessions/${sessionId}/pairing-code`
    return PairingCode.parse(await this.#ask(owner, { method: 'POST', path, body: { phoneNumber }, signal }))
  }

  async ask<Q extends Question>(
    owner: Owner,
    sessionId: string,
    question: Q,
    input: InputOf<Q>,
    signal: AbortSignal,
  ): Promise<AnswerOf<Q>> {
    const path = `/sessions/${sessionId}/questions/${question}`
    const answer = await this.#ask(owner, { method: 'POST', path, body: input, signal })
    return questions[question].answer.parse(answer) as AnswerOf<Q>
  }

  /** Never to be repeated when its outcome is not known. Throws AskRefused. */
  async act<A extends Act>(
    owner: Owner,
    sessionId: string,
    act: A,
    input: ActInput<A>,
    signal: AbortSignal,
  ): Promise<ActAnswer<A>> {
    const path = `/sessions/${sessionId}/acts/${act}`
    const answer = await this.#ask(owner, { method: 'POST', path, body: input, signal })
    return acts[act].answer.parse(answer) as ActAnswer<A>
  }

  async show(owner: Owner, sessionId: string, presence: ShownPresence, signal: AbortSignal): Promise<void> {
    await this.#ask(owner, { method: 'PUT', path: `/sessions/${sessionId}/presence`, body: presence, signal })
  }

  async #ask(owner: Owner, call: Omit<WorkerCall, 'waitSeconds'>): Promise<unknown> {
    const { status, body } = await this.#request(owner, { ...call, waitSeconds: 2 * ANSWER_SECONDS })
    if (status === 200 || status === 204) return body
    const { code, message } = WorkerError.safeParse(body).data ?? {}
    const failure = AskFailure.safeParse(code).data
    throw status === 409 && failure ? new AskRefused(failure, message ?? failure) : unexpected(status, call.path)
  }

  /** Has the worker look for open sends and commands now. */
  async wake(owner: Owner, sessionId: string, wake: Wake, signal?: AbortSignal): Promise<void> {
    const path = `/sessions/${sessionId}/wake`
    const { status } = await this.#request(owner, { method: 'POST', path, body: wake, waitSeconds: wake.wait, signal })
    if (status < 200 || status > 299) throw unexpected(status, path)
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    await Promise.all(pools.map((pool) => pool.destroy()))
    this.#pools.clear()
  }

  async #request(owner: Owner, call: WorkerCall): Promise<Answer> {
    const trace = currentTrace()
    try {
      const response = await this.#pool(owner.address).request({
        method: call.method,
        path: call.path,
        headers: {
          authorization: this.#authorization,
          ...(trace && traceHeaders(trace)),
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: call.body === undefined ? null : JSON.stringify(call.body),
        headersTimeout: call.waitSeconds * 1000 + ANSWER_TIMEOUT_MS,
        bodyTimeout: ANSWER_TIMEOUT_MS,
        ...(call.signal && { signal: call.signal }),
      })
      const text = await response.body.text()
      if (response.statusCode === 421) throw new WorkerCallFailed('not_mine', 'the worker does not own the session')
      return { status: response.statusCode, body: text ? JSON.parse(text) : undefined }
    } catch (error) {
      if (error instanceof WorkerCallFailed) throw error
      if (call.signal?.aborted) throw call.signal.reason
      throw new WorkerCallFailed(failureOf(error), `worker at ${owner.address}: ${String(error)}`, error)
    }
  }

  #pool(address: string): Pool {
    const known = this.#pools.get(address)
    if (known) return known
    const pool = new Pool(address, {
      connections: 16,
      pipelining: 1,
      allowH2: false,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    })
    this.#pools.set(address, pool)
    return pool
  }
}

/** A worker that can't answer now is as good as lost; a refusal of the call itself is our own mistake. */
const unexpected = (status: number, path: string): Error =>
  status >= 500
    ? new WorkerCallFailed('lost', `the worker answered ${status} to ${path}`)
    : new Error(`the worker answered ${status} to ${path}`)
