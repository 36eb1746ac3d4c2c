/** The process of bare Baileys: unmodified sockets whose keys are kept in memory as they come, and nothing else. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { TestClient, trust } from '@berth/simulator/testing/baileys.ts'
import { type MemoryAuth, memoryAuth } from '@berth/simulator/testing/memory-auth.ts'
import { each } from '../each.ts'
import type { Account } from '../stage.ts'
import type { Lag } from './side.ts'

export interface Calls {
  link(accounts: Account[]): Promise<void>
  send(perAccount: number): Promise<void>
  received(): Promise<number>
  lag(): Promise<Lag>
}

export interface Request {
  call: number
  name: keyof Calls
  args: unknown[]
}

export interface Answer {
  call: number
  result?: unknown
  error?: string
}

interface Linked extends Account {
  client: TestClient
  /** Told of every id that the server acks. */
  acked: Set<string>
}

const LINKED_AT_ONCE = 4
/** As long as a message of `send` may take behind all the others. */
const BEHIND_OTHERS = { emitOwnEvents: false, defaultQueryTimeoutMs: 60_000 }

const simulator = new SimulatorClient(process.env.SIMULATOR_URL!)
const websocketUrl = process.env.WEBSOCKET_URL!
const linked: Linked[] = []
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
await trust(simulator)

const calls: Calls = {
  link: (accounts) => each(accounts, LINKED_AT_ONCE, async (account) => void linked.push(await linkAccount(account))),
  async send(perAccount) {
    await Promise.all(linked.map((one) => sendAll(one, perAccount)))
  },
  async received() {
    return linked.reduce((sum, { client }) => sum + client.messages.filter(({ key }) => !key.fromMe).length, 0)
  },
  async lag() {
    const lag = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
    delay.reset()
    return lag
  },
}

async function linkAccount(account: Account): Promise<Linked> {
  const auth: MemoryAuth = { ...memoryAuth(), keys: keysAsTheyCome() }
  const pairing = new TestClient(websocketUrl, auth)
  await simulator.scan(account.number, await pairing.qr())
  await pairing.closed()
  const client = await new TestClient(websocketUrl, auth, BEHIND_OTHERS).open()
  const acked = new Set<string>()
  client.socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: { id: string } }) => acked.add(attrs.id))
  return { ...account, client, acked }
}

/** One message of a session after the other, as a person's program does it; Baileys itself takes them no faster. */
async function sendAll({ client, contact, acked }: Linked, count: number): Promise<void> {
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push(await client.sendText(contact, `message ${i} ${'x'.repeat(60)}`))
  const open = () => ids.some((id) => !acked.has(id))
  while (open()) {
    await new Promise<void>((resolve) => client.socket.ws.once('CB:ack,class:message', () => resolve()))
  }
}

/** The quickest store there is: no copies, no encoding. (The simulator's own copies like a database.) */
function keysAsTheyCome(): MemoryAuth['keys'] {
  const values = new Map<string, unknown>()
  return {
    get: async (type, ids) => {
      const found = ids.filter((id) => values.has(`${type}/${id}`))
      return Object.fromEntries(found.map((id) => [id, values.get(`${type}/${id}`) as never]))
    },
    set: async (data) => {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null || value === undefined) values.delete(`${type}/${id}`)
          else values.set(`${type}/${id}`, value)
        }
      }
    },
  }
}

process.on('message', ({ call, name, args }: Request) => {
  const run = calls[name] as (...given: unknown[]) => Promise<unknown>
  const answer = (content: Omit<Answer, 'call'>) => process.send!({ call, ...content } satisfies Answer)
  run(...args).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: String(error) }),
  )
})
