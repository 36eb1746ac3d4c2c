/**
 * The API server under test: the one that BERTH_TEST_KUBECONFIG names, or an embedded one of our own. The suite in this
 * folder runs unchanged against both: where they differ, ours is wrong.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startKubernetes } from '@berth/local/kubernetes/server.ts'
import { parse } from 'yaml'

export type Json = Record<string, unknown>

/** An object or a Status; tests look into it freely. */
// biome-ignore lint/suspicious/noExplicitAny: answers are whatever the server says; each test checks what it reads
export type Body = any

export interface Answer {
  code: number
  body: Body
  warnings: string[]
}

export interface Asked {
  body?: unknown
  contentType?: string
  accept?: string
  /** Sent instead of the right token; empty for none. */
  token?: string
}

export interface WatchEvent {
  type: string
  object: Body
}

export const MERGE = 'application/merge-patch+json'
export const APPLY = 'application/apply-patch+yaml'
export const JSON_PATCH = 'application/json-patch+json'
export const STRATEGIC = 'application/strategic-merge-patch+json'

/** A server that hangs must fail a test, not block it. */
const ANSWER_MS = 15_000
/** The controllers of a real cluster look again at some things every 10 s only. */
const SETTLED_MS = 45_000

export class Cluster {
  readonly isEmbedded: boolean
  readonly kubeconfigPath: string
  readonly #server: string
  readonly #token: string
  readonly #agent: Agent
  /** Shows no certificate: for another token than the right one. */
  readonly #stranger: Agent
  readonly #stop: () => Promise<void>

  constructor(kubeconfigPath: string, isEmbedded: boolean, stop: () => Promise<void>) {
    const config = parse(readFileSync(kubeconfigPath, 'utf8')) as Body
    const { cluster } = config.clusters[0]
    const { user } = config.users[0]
    const decode = (text: string | undefined) => (text ? Buffer.from(text, 'base64') : undefined)
    this.kubeconfigPath = kubeconfigPath
    this.isEmbedded = isEmbedded
    this.#server = cluster.server
    this.#token = user.token ?? ''
    this.#stop = stop
    const trust = {
      keepAlive: true,
      ca: decode(cluster['certificate-authority-data']),
      rejectUnauthorized: !cluster['insecure-skip-tls-verify'],
    }
    this.#stranger = new Agent(trust)
    this.#agent = new Agent({
      ...trust,
      cert: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
    })
  }

  async ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const response = await this.#send(method, path, asked)
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString('utf8')
    // The OpenAPI documents come as JSON under other content types.
    const isJson = text.startsWith('{')
    return {
      code: response.statusCode!,
      body: isJson ? JSON.parse(text) : text,
      warnings: ([] as string[]).concat(response.headers.warning ?? []),
    }
  }

  get(path: string, asked?: Asked): Promise<Answer> {
    return this.ask('GET', path, asked)
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.ask('POST', path, { body })
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.ask('PUT', path, { body })
  }

  patch(path: string, body: unknown, contentType = MERGE): Promise<Answer> {
    return this.ask('PATCH', path, { body, contentType })
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.ask('DELETE', path, body === undefined ? {} : { body })
  }

  /** Server-side apply. */
  apply(path: string, manager: string, body: unknown, force = false): Promise<Answer> {
    const query = `fieldManager=${manager}${force ? '&force=true' : ''}`
    return this.patch(`${path}${path.includes('?') ? '&' : '?'}${query}`, body, APPLY)
  }

  /** Reads a watch up to and including the first event that `isLast` accepts, then ends it. */
  async watch(path: string, isLast: (event: WatchEvent) => boolean, asked: Asked = {}): Promise<WatchEvent[]> {
    const response = await this.#send('GET', path, asked)
    const events: WatchEvent[] = []
    try {
      for await (const line of createInterface({ input: response })) {
        const event = JSON.parse(line) as WatchEvent
        events.push(event)
        if (isLast(event)) return events
      }
    } finally {
      response.destroy()
    }
    return events
  }

  /** Asks until `isDone` likes the answer; fails with the last one when it never does. */
  async until(path: string, isDone: (answer: Answer) => boolean): Promise<Answer> {
    const deadline = Date.now() + SETTLED_MS
    for (;;) {
      const answer = await this.get(path)
      if (isDone(answer)) return answer
      if (Date.now() > deadline) throw new Error(`${path} never got there: ${JSON.stringify(answer.body)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** An answer as it comes. */
  stream(path: string): Promise<import('node:http').IncomingMessage> {
    return this.#send('GET', path, {})
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    this.#stranger.destroy()
    await this.#stop()
  }

  #send(method: string, path: string, asked: Asked): Promise<import('node:http').IncomingMessage> {
    const token = asked.token ?? this.#token
    const headers: Record<string, string> = { 'user-agent': 'suite/1', accept: asked.accept ?? 'application/json' }
    if (token) headers.authorization = `Bearer ${token}`
    const text = typeof asked.body === 'string' ? asked.body : JSON.stringify(asked.body)
    if (text !== undefined) {
      headers['content-type'] = asked.contentType ?? 'application/json'
      // Node wouldn't frame the body of a DELETE by itself.
      headers['content-length'] = String(Buffer.byteLength(text))
    }
    return new Promise((resolve, reject) => {
      const agent = asked.token === undefined ? this.#agent : this.#stranger
      const options = { method, headers, agent, timeout: ANSWER_MS }
      const request = httpsRequest(new URL(path, this.#server), options, resolve)
      request.once('error', reject)
      request.once('timeout', () => request.destroy(new Error(`no answer to ${method} ${path}`)))
      request.end(text)
    })
  }
}

/** Connects to the server under test. Every test file has its own, and its own namespace (`makeNamespace`). */
export async function startCluster(): Promise<Cluster> {
  const real = process.env.BERTH_TEST_KUBECONFIG
  if (real) return new Cluster(real, false, async () => {})
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-kube-'))
  const kubernetes = await startKubernetes({ dataDir })
  return new Cluster(kubernetes.kubeconfigPath, true, async () => {
    await kubernetes.close()
    await rm(dataDir, { recursive: true })
  })
}

/** A namespace of its own for a test file. */
export async function makeNamespace(cluster: Cluster): Promise<string> {
  const { body, code } = await cluster.post('/api/v1/namespaces', { metadata: { generateName: 'suite-' } })
  if (code !== 201) throw new Error(`no namespace: ${JSON.stringify(body)}`)
  return body.metadata.name
}
