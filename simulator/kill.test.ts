// The simulator's process is killed in the middle of traffic, again and again: nothing that it accepted is lost, nothing
// arrives twice, and no message key is used twice.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { SimulatorClient } from './client.ts'
import { link, TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { correctLibsignal } from './whatsapp/signal/correction.ts'
import { silenceLibsignal } from './whatsapp/signal/silence.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const shop = '5511900000001'
const contacts = ['5511911111111', '5511922222222', '5511933333333']
const KILLS = 3
const PER_ROUND = 20

const folder = mkdtempSync(join(tmpdir(), 'whatsapp-simulator-'))
let child: ChildProcess
let api: SimulatorClient
let port = 0

async function start(): Promise<void> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  child = spawn(process.execPath, [main, '--data', folder, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(child.stdout!), 'line')
  const { url } = JSON.parse(line)
  port = Number(new URL(url).port)
  api = new SimulatorClient(url)
}

async function kill(): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

beforeAll(async () => {
  // For Baileys in this process: the simulator in the other one has its own.
  silenceLibsignal()
  correctLibsignal()
  await start()
  await api.createPhone({ number: shop, name: 'Shop' })
  for (const [index, number] of contacts.entries()) await api.createPhone({ number, name: `Contact ${index}` })
})

afterAll(async () => {
  await kill()
  rmSync(folder, { recursive: true })
})

it('loses and doubles nothing', async () => {
  const auth = await link(api, shop)
  const { websocketUrl } = await api.info()
  /** What the simulator said it has: from contacts by its HTTP answer, from the device by its ack. */
  const accepted = { fromContacts: new Map<string, string>(), fromDevice: new Set<string>() }
  const received = new Map<string, number>()

  for (let round = 0; round <= KILLS; round++) {
    const client = await new TestClient(websocketUrl, auth, { defaultQueryTimeoutMs: 2000 }).open()
    client.socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: Record<string, string> }) => {
      if (!attrs.error) accepted.fromDevice.add(attrs.id!)
    })
    // Settled from the start: a rejection while the simulator is away belongs to the traffic, not to the test.
    const traffic = Promise.allSettled(
      Array.from({ length: PER_ROUND }, async (_, index) => {
        const contact = contacts[index % contacts.length]!
        const id = await api.sendText(contact, shop, `to the shop ${round}.${index}`)
        accepted.fromContacts.set(id, contact)
        await client.sendText(contact, `from the shop ${round}.${index}`)
      }),
    )
    if (round < KILLS) {
      const before = accepted.fromDevice.size
      await until(() => accepted.fromDevice.size >= before + PER_ROUND / 4, 'traffic')
      await kill()
      await client.closed()
      await traffic
      await start()
    } else {
      expect((await traffic).filter(({ status }) => status === 'rejected')).toEqual([])
      await until(async () => (await api.stats()).queued === 0, 'everything to be acknowledged')
      client.end()
    }
    for (const { key, message } of client.messages) {
      if (!key.fromMe && message) received.set(key.id!, (received.get(key.id!) ?? 0) + 1)
    }
  }

  const shown = (await Promise.all(contacts.map((contact) => api.messages(contact, shop, { limit: 1000 })))).flat()
  const arrived = new Set(shown.filter(({ direction }) => direction === 'in').map(({ id }) => id))
  expect([...accepted.fromDevice].filter((id) => !arrived.has(id))).toEqual([])
  expect([...accepted.fromContacts.keys()].filter((id) => !received.has(id))).toEqual([])
  expect(accepted.fromDevice.size).toBeGreaterThanOrEqual(PER_ROUND)
  const judged = await api.ledgerMessages()
  expect(judged.filter(({ counts }) => (counts.received ?? 0) > 1)).toEqual([])
  expect((await api.faults()).map(({ kind, detail }) => `${kind}: ${detail}`)).toEqual([])
})
