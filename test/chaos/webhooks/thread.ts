/**
 * A server of customers for webhooks, on a thread of its own: how busy the harness is must be nobody's failed attempt. It
 * believes what the reference library of Standard Webhooks believes. The path is the customer's name.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { Webhook } from 'standardwebhooks'
import type { Receipt, Refused } from './records.ts'

export interface ThreadData {
  host: string
}
export type ToThread = { tenant: string; secret: string }
export type FromThread = { url: string } | { receipt: Receipt } | { refused: Refused }

const { host } = workerData as ThreadData
const tell = (message: FromThread): void => parentPort!.postMessage(message)
const webhooks = new Map<string, Webhook>()
parentPort!.on('message', ({ tenant, secret }: ToThread) => webhooks.set(tenant, new Webhook(secret)))

/** Answers the status that it deserves. */
function take(request: IncomingMessage, body: string): number {
  const tenant = request.url!.slice(1)
  const webhook = webhooks.get(tenant)
  if (!webhook) return 503 // its secret is on the way from the API to us
  const id = String(request.headers['webhook-id'])
  try {
    const event = webhook.verify(body, request.headers as Record<string, string>)
    tell({ receipt: { tenant, id, digest: createHash('sha256').update(body).digest('base64'), ...gistOf(event) } })
    return 204
  } catch (error) {
    const why = (error as Error).message
    tell({ refused: { tenant, id, why, isUntimely: why.startsWith('Message timestamp') } })
    return 400
  }
}

// biome-ignore lint/suspicious/noExplicitAny: an event of any type; the harness reads single fields of it
function gistOf({ type, session, seq, occurredAt, data }: any): Omit<Receipt, 'tenant' | 'id' | 'digest'> {
  const { chat, messageId, message, status } = data
  const gist = { type, session, seq, chat, messageId, occurredAt: Date.parse(occurredAt) }
  if (type === 'message.received') return { ...gist, text: message?.text }
  return type === 'message.status' ? { ...gist, status } : gist
}

const server = createServer(async (request, response) => {
  let body = ''
  try {
    for await (const chunk of request.setEncoding('utf8')) body += chunk
  } catch {
    return // whoever sent it is gone
  }
  response.writeHead(take(request, body)).end()
})
server.listen(0, host, () => tell({ url: `http://${host}:${(server.address() as AddressInfo).port}` }))
