/**
 * From a customer's POST to the ack of WhatsApp's server: through the gateway, a row, the worker, the ratchet and its commit.
 * The server is the simulator, whose ledger has the moment when it took a message; it acks in the same step.
 */
import { randomUUID } from 'node:crypto'
import { Berth } from '@berth/client'
import { type Spread, spread } from '../../chaos/figures.ts'
import { until } from '../../chaos/until.ts'
import { Gateway } from '../gateway.ts'
import { openLoop, type Rate } from '../open-loop.ts'
import { sessionNameOf, WorkerSide } from '../sides/worker.ts'
import type { Account, Stage } from '../stage.ts'

export interface Ack {
  sessions: number
  perSecond: number
  /** Milliseconds, from the time that the request was due: to the API's answer, and to the server. */
  answered: Spread
  acked: Spread
}

const TIMEOUT_MS = 120_000
const PAGE = 10_000

export async function ack(stage: Stage, sessions: number, rate: Rate): Promise<Ack> {
  const accounts = await stage.addAccounts(sessions)
  const worker = await WorkerSide.start(stage)
  await worker.link(accounts)
  const gateway = await Gateway.start(stage, worker.tenantId)
  const berth = new Berth({ url: gateway.url, apiKey: gateway.apiKey, retries: 0 })
  const write = ({ number, contact }: Account, text: string) =>
    berth.sendMessage(sessionNameOf(number), { to: `+${contact}`, text })
  // As in daily life: chats that exist, connections that are open, code that is compiled.
  await openLoop({ ...rate, perSecond: sessions }, (i) => write(accounts[i % sessions]!, `before ${i}`))
  await taken(stage, accounts, sessions * rate.seconds)

  const due = new Map<string, number>()
  const answered = await openLoop(rate, async (i, dueAt) => {
    const text = randomUUID()
    due.set(text, performance.timeOrigin + dueAt)
    await write(accounts[i % sessions]!, text)
    return performance.now() - dueAt
  })
  const all = await taken(stage, accounts, sessions * rate.seconds + due.size)
  const acked = [...due].map(([text, dueAt]) => all.get(text)! - dueAt)
  await gateway.stop()
  await worker.stop()
  return { sessions, perSecond: rate.perSecond, answered: spread(answered)!, acked: spread(acked)! }
}

/** When the server took each message, by its text; once there are so many. Unix milliseconds. */
async function taken({ simulator }: Stage, accounts: Account[], count: number): Promise<Map<string, number>> {
  const numbers = new Set(accounts.map(({ number }) => number))
  const takenAt = new Map<string, number>()
  let after = 0
  await until('the server has all messages', TIMEOUT_MS, async () => {
    const page = await simulator.ledger({ after, limit: PAGE })
    after = page.at(-1)?.seq ?? after
    for (const { message, number, direction, event, at } of page) {
      if (direction === 'from-device' && event === 'submitted' && numbers.has(number)) takenAt.set(message, at)
    }
    return takenAt.size >= count
  })
  const byText = new Map<string, number>()
  for (const { number, contact } of accounts) {
    for (const { id, text } of await simulator.messages(contact, number, { limit: 1000 })) {
      const at = takenAt.get(id)
      if (at !== undefined) byText.set(text, at)
    }
  }
  return byText
}
