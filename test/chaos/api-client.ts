/** One customer's program that calls the REST API, with the client that customers have. Knows nothing but what they know. */
import { Berth, isProblem } from '@berth/client'
import type { Listed } from './records.ts'
import type { Reached } from './webhooks/records.ts'

export interface Answer {
  /** Of a refusal its own; of a success 200, whichever it was. */
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: JSON as it came; the harness reads single fields of it
  body: any
}

const TIMEOUT_MS = 15_000
const PAGE = 100

export class ApiClient {
  readonly #berth: Berth

  /** No retries: the harness tries again itself, and counts. */
  constructor(url: string, apiKey: string) {
    this.#berth = new Berth({ url, apiKey, retries: 0, timeoutMs: TIMEOUT_MS })
  }

  /** Throws when no answer came: then nobody knows whether it was done. */
  request(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
    return answerOf(this.#berth.call({ method, path, body, headers }))
  }

  /** @param contact a phone number without its +, or a group's id */
  send(session: string, contact: string, text: string, idempotencyKey: string): Promise<Answer> {
    const to = contact.includes('@') ? contact : `+${contact}`
    return answerOf(this.#berth.sendMessage(session, { to, text }, { idempotencyKey }))
  }

  /** All incoming messages of a session, page by page. */
  incoming(session: string): Promise<Omit<Listed, 'account'>[]> {
    const all = this.#berth.allMessages(session, { direction: 'incoming', limit: PAGE })
    return Array.fromAsync(all, ({ id, text = '' }) => ({ id, text }))
  }

  /** How far all outgoing messages of a session have got. */
  outgoing(session: string): Promise<Reached[]> {
    const all = this.#berth.allMessages(session, { direction: 'outgoing', limit: PAGE })
    return Array.fromAsync(all, ({ id, status }) => ({ id, status }))
  }
}

/** What came of a call: a refusal is an answer, too. */
async function answerOf(call: Promise<unknown>): Promise<Answer> {
  try {
    return { status: 200, body: await call }
  } catch (error) {
    if (isProblem(error)) return { status: error.status, body: error.problem }
    throw error
  }
}
