/** Webhooks: how fast a gateway tells what has piled up, and how long a message takes from its commit to the receiver. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeCommit } from '@berth/core/postgres/commit.ts'
import { type Claim, claim, openLease } from '@berth/core/postgres/ownership.ts'
import { inTenant, openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { EndpointSecrets } from '@berth/gateway/webhooks/secrets.ts'
import { newSecret } from '@berth/gateway/webhooks/signature.ts'
import { type Spread, spread } from '../../chaos/figures.ts'
import { seedSession } from '../../postgres/seed.ts'
import { each } from '../each.ts'
import { Gateway } from '../gateway.ts'
import { openLoop, type Rate } from '../open-loop.ts'
import { type Stage, TOKEN } from '../stage.ts'

export interface Webhooks {
  endpoints: number
  /** Of these, never answer. */
  hanging: number
  /** Of what had piled up, to those that answer. */
  deliveries: number
  perSecond: number
  /** Milliseconds from before the commit of a message until the receiver has it, at a fixed rate; without hanging ones. */
  latency: Spread | undefined
  rate: Rate
}

const SEEDED_AT_ONCE = 4
/** Messages of one commit, so that it stays far below the limit of a statement also on a slow disk. */
const PILED_AT_ONCE = 500
const CASES = [
  { endpoints: 1, hanging: 0 },
  { endpoints: 50, hanging: 0 },
  { endpoints: 1000, hanging: 0 },
  { endpoints: 1000, hanging: 10 },
]

/** Takes what comes; knows when which message has. */
class Receiver {
  readonly at = new Map<string, number>()
  readonly #server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    if (request.url === '/hang') return
    const { data } = JSON.parse(body)
    if (!this.at.has(data.messageId)) this.at.set(data.messageId, performance.now())
    const came = this.#came
    this.#came = Promise.withResolvers()
    came.resolve()
    response.end()
  })
  #came = Promise.withResolvers<void>()

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await this.#came.promise
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** A boot that has sessions and writes what they receive. */
class Owner {
  readonly #worker: Pool
  readonly #bootId = randomUUID()
  #commits = 0
  readonly #waiting = new Map<Claim, ReturnType<typeof receivedMessage>[]>()
  #last: Promise<unknown> = Promise.resolve()
  #next: Promise<unknown> | undefined

  constructor(worker: Pool) {
    this.#worker = worker
  }

  async claim(sessionIds: string[]): Promise<Claim[]> {
    const boot = { bootId: this.#bootId, podUid: randomUUID(), worker: 'bench', address: 'http://127.0.0.1:9' }
    await openLease(this.#worker, boot)
    return claim(
      this.#worker,
      this.#bootId,
      sessionIds.map((sessionId) => ({ sessionId, generation: 1 })),
      [],
    )
  }

  /** So many messages of a session. As in a worker, what comes during a commit goes into the next one. Answers their ids. */
  async write(of: Claim, count: number): Promise<string[]> {
    const messages = Array.from({ length: count }, receivedMessage)
    this.#waiting.set(of, [...(this.#waiting.get(of) ?? []), ...messages])
    this.#next ??= this.#last.then(() => {
      this.#next = undefined
      return this.#commit()
    })
    await this.#next
    return messages.map(({ id }) => id)
  }

  #commit(): Promise<unknown> {
    const rows = [...this.#waiting].map(([{ sessionId, epoch }, messages]) => ({
      session: { sessionId, epoch },
      keys: [],
      journal: [],
      statuses: [],
      commands: [],
      received: messages.map((message) => ({ ciphertextHash: randomUUID(), message })),
    }))
    this.#waiting.clear()
    rows.sort((a, b) => (a.session.sessionId < b.session.sessionId ? -1 : 1))
    this.#last = writeCommit(this.#worker, this.#bootId, ++this.#commits, rows)
    return this.#last
  }
}

const receivedMessage = () => ({
  id: randomUUID(),
  // Many people write: their chats are told side by side.
  chat: `55119${String(Math.floor(Math.random() * 1e8)).padStart(8, '0')}@s.whatsapp.net`,
  whatsappId: randomUUID(),
  fromMe: false,
  type: 'text',
  content: { text: 'Is this still available? I would like to come by and have a look at it today.' },
  status: 'received' as const,
  sentAt: new Date(),
})

/** @param pile how many messages there are before anything is told: at least as many as endpoints */
export async function webhooks(
  stage: Stage,
  pile: number,
  rate: Rate,
  tell: (line: string) => void,
): Promise<Webhooks[]> {
  const measured: Webhooks[] = []
  for (const one of CASES) {
    tell(`webhooks: ${one.endpoints} endpoints, ${one.hanging} of them hang`)
    measured.push(await measure(stage, one, pile, rate))
  }
  return measured
}

async function measure(
  stage: Stage,
  { endpoints, hanging }: (typeof CASES)[number],
  pile: number,
  rate: Rate,
): Promise<Webhooks> {
  const receiver = new Receiver()
  const url = await receiver.start()
  const worker = openPool({ url: stage.databaseUrl, role: 'berth_worker', application: 'bench', max: 2 })
  const owner = new Owner(worker)
  const sessions: string[] = []
  await each(
    Array.from({ length: endpoints }, (_, i) => i),
    SEEDED_AT_ONCE,
    async (i) => {
      const { tenantId, sessionId } = await seedSession(stage.operator, { tenant: `t-${randomUUID()}` })
      sessions[i] = sessionId
      await addEndpoint(stage.gateway, tenantId, i < hanging ? `${url}/hang` : url)
    },
  )
  const claims = await owner.claim(sessions)
  const well = claims.filter(({ sessionId }) => sessions.indexOf(sessionId) >= hanging)
  for (let piled = 0; piled < pile; piled += PILED_AT_ONCE) {
    const next = Array.from(
      { length: Math.min(PILED_AT_ONCE, pile - piled) },
      (_, i) => claims[(piled + i) % endpoints]!,
    )
    await Promise.all(next.map((of) => owner.write(of, 1)))
  }
  const deliveries = (pile / endpoints) * well.length

  const { tenantId } = await seedSession(stage.operator, { tenant: `t-${randomUUID()}` })
  const gateway = await Gateway.start(stage, tenantId)
  await receiver.until(() => receiver.at.size > 0)
  await receiver.until(() => receiver.at.size >= deliveries)
  const times = [...receiver.at.values()]
  const perSecond = deliveries / ((times.at(-1)! - times[0]!) / 1000)

  const latencies = await openLoop(rate, async (i, dueAt) => {
    const [id] = await owner.write(well[i % well.length]!, 1)
    await receiver.until(() => receiver.at.has(id!))
    return receiver.at.get(id!)! - dueAt
  })
  await gateway.stop()
  receiver.close()
  await worker.end()
  return { endpoints, hanging, deliveries, perSecond, latency: spread(latencies), rate }
}

async function addEndpoint(gateway: Pool, tenantId: string, url: string): Promise<void> {
  const id = randomUUID()
  await inTenant(gateway, tenantId, {
    text: `INSERT INTO webhook_endpoint (id, tenant_id, url, secret, events) VALUES ($1, $2, $3, $4, '{message.received}')`,
    values: [id, tenantId, url, new EndpointSecrets(TOKEN).sealSecret(id, newSecret())],
  })
}
