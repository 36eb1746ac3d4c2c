/**
 * A gateway is killed while it tells an endpoint: before a request has come, when it has and is not answered, when it was
 * and that is not written. Whoever takes over loses nothing, and what comes twice is the same.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asOwner } from '../postgres/as-owner.ts'
import { TOKEN, World } from './world.ts'

const MAIN = path.join(import.meta.dirname, '../../gateway/main.ts')
const CHATS = 3
const EVENTS = 30

type Moment = 'connecting' | 'received' | 'answered'
/** Which request, and when. One, or with BERTH_FULL=1 all. */
const KILLS: { at: number; when: Moment }[] = process.env.BERTH_FULL
  ? [
      { at: 1, when: 'connecting' },
      { at: 4, when: 'received' },
      { at: 11, when: 'answered' },
      { at: 16, when: 'connecting' },
      { at: 20, when: 'answered' },
      { at: 26, when: 'received' },
    ]
  : [{ at: 7, when: 'received' }]

let world: World
let folder: string
let gateway: ChildProcess | undefined

beforeAll(async () => {
  world = await World.start({ webhookTargets: 'anywhere' })
  folder = await mkdtemp(path.join(tmpdir(), 'berth-webhooks-'))
  const named = { name: 'x', context: { cluster: 'x', user: 'x', namespace: 'berth' } }
  const clusters = [{ name: 'x', cluster: { server: 'http://127.0.0.1:9' } }]
  const kubeconfig = { clusters, users: [{ name: 'x', user: {} }], contexts: [named], 'current-context': 'x' }
  await writeFile(path.join(folder, 'kubeconfig'), JSON.stringify(kubeconfig))
})
afterAll(async () => {
  gateway?.kill('SIGKILL')
  await world.close()
  await rm(folder, { recursive: true })
})

function startGateway(): ChildProcess {
  return spawn(process.execPath, [MAIN], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: world.operatorDb.options.connectionString,
      KUBECONFIG: path.join(folder, 'kubeconfig'),
      BERTH_NAMESPACE: 'berth',
      BERTH_INTERNAL_TOKEN: TOKEN,
      BERTH_WEBHOOK_TARGETS: 'anywhere',
      HOST: '127.0.0.1',
      PORT: '0',
      METRICS_PORT: '0',
    },
  })
}

test('a gateway that dies while it tells an endpoint is followed by another: nothing is lost, and doubles are the same', async () => {
  const kills = [...KILLS]
  const received: { id: string; body: string; chat: string; seq: number }[] = []
  let requests = 0
  const killAt = (when: Moment): boolean => {
    if (kills[0]?.when !== when || requests < kills[0].at) return false
    kills.shift()
    gateway!.kill('SIGKILL')
    return true
  }
  const server = createServer(async (request, response: ServerResponse) => {
    requests++
    let body = ''
    try {
      for await (const chunk of request.setEncoding('utf8')) body += chunk
    } catch {
      return // it was killed while it sent
    }
    const { id, seq, data } = JSON.parse(body)
    received.push({ id, body, seq, chat: data.chat })
    if (killAt('received')) return
    response.on('finish', () => killAt('answered')).end()
    if (kills[0]?.when === 'connecting') response.socket?.end() // so that there is a next connection
  })
  server.on('connection', () => killAt('connecting'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const tenant = await world.addTenant('acme')
  const { id: session, worker } = await world.addConnected(tenant, 'support')
  await world.call(tenant, 'POST /v1/webhook-endpoints', { body: { url, events: ['message.received'] } })
  for (let i = 0; i < EVENTS; i++) {
    const message = {
      id: randomUUID(),
      chat: `551199999000${i % CHATS}@s.whatsapp.net`,
      whatsappId: randomUUID(),
      fromMe: false,
      type: 'text',
      content: { text: String(i) },
      status: 'received' as const,
      sentAt: new Date(),
    }
    await worker.write(session, { received: [{ ciphertextHash: randomUUID(), message }] })
  }

  for (let left = KILLS.length; left >= 0; left--) {
    gateway = startGateway()
    if (left === 0) break
    await once(gateway, 'exit')
    expect(kills).toHaveLength(left - 1)
    // The lease of the one that died ends, as it would some seconds later.
    await asOwner(world.operatorDb, 'UPDATE berth.webhook_lease SET until = now()')
  }
  const told = () => new Set(received.map(({ id }) => id)).size
  await expect.poll(told).toBe(EVENTS)

  for (const doubles of Map.groupBy(received, ({ id }) => id).values()) {
    expect(new Set(doubles.map(({ body }) => body)).size).toBe(1)
  }
  for (const ofChat of Map.groupBy(received, ({ chat }) => chat).values()) {
    const first = [...new Set(ofChat.map(({ seq }) => seq))]
    expect(first).toEqual([...first].sort((a, b) => a - b))
  }
  server.closeAllConnections()
  server.close()
})
