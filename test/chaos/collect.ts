/** Reads, from phones, API and simulator, everything that the judge is to see. */
import type { SimulatorClient } from '@berth/simulator/client.ts'
import type { Arrivals } from './arrivals.ts'
import type { Installation } from './installation.ts'
import type { ConnectionRecord, Frozen, Listed, Records, ScanWanted, Seen } from './records.ts'
import type { Traffic } from './traffic.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

const CHAT_PAGE = 1000
const CONNECTIONS_PAGE = 10_000

interface Sources {
  installation: Installation
  traffic: Traffic
  arrivals: Arrivals
  frozen: Frozen[]
  scansWanted: ScanWanted[]
  webhooks: Webhooks | undefined
}

export async function collect(sources: Sources): Promise<Records> {
  const { installation, traffic, arrivals, frozen, scansWanted, webhooks } = sources
  const { simulator, accounts, begunAt } = installation
  const numbers = new Set(accounts.map(({ number }) => number))
  const isOurs = ({ at, number }: { at: number; number: string | null }) =>
    at >= begunAt && (number === null || numbers.has(number))
  const seen: Seen[] = []
  const listed: Listed[] = []
  for (const account of accounts) {
    const { number } = account
    for (const contact of account.contacts) seen.push(...(await chatOf(simulator, { account: number, contact })))
    const { id: group, members } = installation.groupOf(account)
    for (const contact of members) seen.push(...(await chatOf(simulator, { account: number, contact, group })))
    const rows = await installation.clientOf(account).incoming(account.session)
    listed.push(...rows.map((row) => ({ account: number, ...row })))
  }
  return {
    sent: traffic.sent,
    written: traffic.written,
    seen: seen.filter(({ at }) => at >= begunAt),
    listed,
    ledger: arrivals.ledger.filter(isOurs),
    connections: (await connectionsOf(simulator)).filter(({ openedAt: at, number }) => isOurs({ at, number })),
    frozen,
    scansWanted,
    faults: (await simulator.faults()).filter(isOurs),
    ...(webhooks && { webhooks: await webhooks.records() }),
  }
}

/** What a contact got from an account, in their chat or in a group. */
async function chatOf(simulator: SimulatorClient, where: Pick<Seen, 'account' | 'contact' | 'group'>): Promise<Seen[]> {
  const { account, contact, group } = where
  const seen: Seen[] = []
  for (let before: number | undefined; ; ) {
    const range = { limit: CHAT_PAGE, ...(before !== undefined && { before }) }
    const page = await simulator.messages(contact, group ?? account, range)
    const got = page.filter(({ direction, sender }) => direction === 'in' && (!group || sender === account))
    seen.push(...got.map(({ id, text, at }) => ({ ...where, id, text, at })))
    if (page.length < CHAT_PAGE) return seen
    before = page[0]!.seq
  }
}

export async function connectionsOf(simulator: SimulatorClient): Promise<ConnectionRecord[]> {
  const connections: ConnectionRecord[] = []
  for (;;) {
    const page = await simulator.connections({ after: connections.at(-1)?.id ?? 0, limit: CONNECTIONS_PAGE })
    connections.push(...page)
    if (page.length < CONNECTIONS_PAGE) return connections
  }
}
