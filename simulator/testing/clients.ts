// Many bare Baileys for a load: links each to the next account of the load, answers nothing, writes to contacts at a rate.
// node simulator/testing/clients.ts --url URL [--count 100] [--per-minute 0]; ends with SIGTERM or Ctrl+C.
import { parseArgs } from 'node:util'
import { SimulatorClient } from '../client.ts'
import { contactNumber } from '../load/plan.ts'
import { Random } from '../random.ts'
import { silenceLibsignal } from '../whatsapp/signal/silence.ts'
import { TestClient, trust } from './baileys.ts'
import type { MemoryAuth } from './memory-auth.ts'

const LINKED_AT_ONCE = 4
const REPORT_MS = 5000

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    count: { type: 'string', default: '100' },
    'per-minute': { type: 'string', default: '0' },
  },
})
if (!values.url) throw new Error('--url says where the simulator is')
silenceLibsignal()
const api = new SimulatorClient(values.url)
const load = await api.load()
if (!load) throw new Error('There is no load on this simulator: start one first')
const websocketUrl = await trust(api)
const random = new Random('clients')
const clients: TestClient[] = []
let submitted = 0

async function linkOne(): Promise<void> {
  const pairing = new TestClient(websocketUrl)
  await api.scanForLoad(await pairing.qr())
  await pairing.closed()
  clients.push(await logIn(pairing.auth))
}

/** A busy machine may need more than one try. */
async function logIn(auth: MemoryAuth, tries = 5): Promise<TestClient> {
  const client = new TestClient(websocketUrl, auth)
  try {
    return await client.open()
  } catch (error) {
    client.end()
    if (tries <= 1) throw error
    return logIn(auth, tries - 1)
  }
}

async function linkAll(count: number): Promise<void> {
  let left = count
  const next = async () => {
    while (left-- > 0) await linkOne()
  }
  await Promise.all(Array.from({ length: LINKED_AT_ONCE }, next))
}

/** One client after the other writes, all together at the wanted rate. */
function write(perMinute: number, contacts: number): void {
  const client = clients[random.below(clients.length)]!
  void client.sendText(contactNumber(random.below(contacts)), `message ${submitted++}`)
  setTimeout(() => write(perMinute, contacts), random.exponential(60_000 / (perMinute * clients.length)))
}

function report(): void {
  const received = clients.reduce((sum, { messages }) => sum + messages.filter(({ key }) => !key.fromMe).length, 0)
  console.log(JSON.stringify({ linked: clients.length, received, submitted, rss: process.memoryUsage.rss() }))
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))
const startedAt = Date.now()
setInterval(report, REPORT_MS)
await linkAll(Number(values.count))
console.log(JSON.stringify({ ready: true, seconds: (Date.now() - startedAt) / 1000 }))
if (Number(values['per-minute']) > 0) write(Number(values['per-minute']), load.plan.contacts)
