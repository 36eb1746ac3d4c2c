/**
 * The harness proves itself: the records of the very run that is to be judged are altered in one place, and the judge must
 * say exactly that. A judge that sees nothing would otherwise call every run clean. Pure.
 */
import { judge, type Verdict } from './judge.ts'
import { middle } from './middle.ts'
import type { ConnectionRecord, LedgerEntry, Records, Seen } from './records.ts'
import { WEBHOOK_ALTERATIONS, type WebhookAlteration } from './webhooks/alterations.ts'

type Count = 'lost' | 'duplicated' | 'overlappingOwners' | 'newQr'

interface Alteration {
  name: string
  count: Count
  /** undefined: these records have nothing that can be altered so. */
  alter(records: Records): Records | undefined
}

const ALTERATIONS: Alteration[] = [
  {
    name: 'a sent message missing on the phone',
    count: 'lost',
    alter: (records) => {
      const accepted = new Set(records.sent.filter((one) => one.acceptedAt !== undefined).map(({ text }) => text))
      const gone = middle(records.seen.filter(({ text }) => accepted.has(text)))
      const isGone = ({ text, contact }: Seen) => text === gone?.text && contact === gone.contact
      return gone && { ...records, seen: records.seen.filter((one) => !isGone(one)) }
    },
  },
  {
    name: 'a received message missing in the list',
    count: 'lost',
    alter: (records) => {
      const written = new Set(records.written.map(({ text }) => text))
      const gone = middle(records.listed.filter(({ text }) => written.has(text)))
      return gone && { ...records, listed: records.listed.filter(({ text }) => text !== gone.text) }
    },
  },
  {
    name: 'a sent message on the phone under two ids',
    count: 'duplicated',
    alter: (records) => {
      const one = middle(records.seen)
      return one && { ...records, seen: [...records.seen, { ...one, id: `${one.id}-COPY` }] }
    },
  },
  {
    name: 'a received message twice in the list',
    count: 'duplicated',
    alter: (records) => {
      const one = middle(records.listed)
      return one && { ...records, listed: [...records.listed, { ...one, id: `${one.id}-copy` }] }
    },
  },
  {
    name: 'a second login beside an open connection',
    count: 'overlappingOwners',
    alter: (records) => {
      const open = records.connections.findLast(({ loginAt, closedAt }) => loginAt !== null && closedAt === null)
      return open && { ...records, connections: [...records.connections, later(records, open)] }
    },
  },
  {
    name: 'an answer over a connection after its successor had logged in',
    count: 'overlappingOwners',
    alter: (records) => {
      const last = records.connections.findLast(({ loginAt, closedAt }) => loginAt !== null && closedAt === null)
      if (!last) return undefined
      const next = later(records, last)
      const closed = records.connections.map((one) => (one === last ? { ...one, closedAt: next.loginAt } : one))
      const ledger = [...records.ledger, answer(last, next.loginAt! + 1)]
      return { ...records, connections: [...closed, next], ledger }
    },
  },
  {
    name: 'an account linked a second time',
    count: 'newQr',
    alter: (records) => {
      const open = records.connections.findLast(({ loginAt, closedAt }) => loginAt !== null && closedAt === null)
      const second = open && { ...later(records, open), device: open.device! + 1 }
      return second && { ...records, connections: [...records.connections, second] }
    },
  },
  {
    name: 'a code to scan shown',
    count: 'newQr',
    alter: (records) => ({ ...records, scansWanted: [...records.scansWanted, { at: 0, what: 'a code' }] }),
  },
]

/** A login of the same device after all that happened. */
function later({ connections, ledger }: Records, connection: ConnectionRecord): ConnectionRecord {
  const latest = (values: (number | null)[]) => values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0)
  const times = connections.flatMap(({ loginAt, closedAt }) => [loginAt, closedAt])
  const at = 1000 + latest([...times, ...ledger.map((entry) => entry.at)])
  return { ...connection, id: 1 + latest(connections.map(({ id }) => id)), openedAt: at, loginAt: at }
}

const answer = (connection: ConnectionRecord, at: number): LedgerEntry => ({
  seq: 0,
  at,
  message: 'ALTERED',
  event: 'delivered',
  direction: 'to-device',
  number: connection.number!,
  device: connection.device!,
  peer: '',
  connection: connection.id,
})

export interface Proof {
  /** How many alterations there are. */
  tried: number
  /** Those that the judge did not find, or that these records have no place for. */
  missed: string[]
}

export function proveJudge(records: Records, verdict: Verdict): Proof {
  const alterations: (Alteration | WebhookAlteration)[] = [
    ...ALTERATIONS,
    ...(records.webhooks ? WEBHOOK_ALTERATIONS : []),
  ]
  const missed = alterations.filter(({ count, alter }) => {
    const altered = alter(records)
    return !altered || judge(altered)[count].length !== verdict[count].length + 1
  })
  return { tried: alterations.length, missed: missed.map(({ name }) => name) }
}
