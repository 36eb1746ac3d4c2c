import { expect, it } from 'vitest'
import { begunUntil, isClean, judge } from './judge.ts'
import { proveJudge } from './proof.ts'
import type { ConnectionRecord, LedgerEntry, Records, Seen } from './records.ts'
import type { Told } from './webhooks/records.ts'

const ME = '5511700000001'
const ANA = '5521800000001'

const connection = (id: number, loginAt: number, closedAt: number | null, device = 1): ConnectionRecord => ({
  id,
  remotePort: 40_000 + id,
  openedAt: loginAt - 1,
  number: ME,
  device,
  loginAt,
  closedAt,
  reason: null,
})

const entry = (
  event: LedgerEntry['event'],
  at: number,
  over: number,
  more: Partial<LedgerEntry> = {},
): LedgerEntry => ({
  seq: at,
  at,
  message: 'A1',
  event,
  direction: 'to-device',
  number: ME,
  device: 1,
  peer: ANA,
  connection: over,
  ...more,
})

const told = (seq: number, more: Partial<Told>): Told => ({
  tenant: 'acme',
  account: ME,
  id: `e${seq}`,
  digest: `d${seq}`,
  type: 'message.status',
  seq,
  chat: ANA,
  occurredAt: 100 + seq,
  ...more,
})

/** One message each way, over two connections that follow each other. */
const clean: Records = {
  sent: [{ account: ME, contact: ANA, text: 'out', at: 100, acceptedAt: 110, id: 'row-1' }],
  written: [{ account: ME, contact: ANA, text: 'in', at: 100, id: 'A1' }],
  seen: [{ account: ME, contact: ANA, id: 'B1', text: 'out', at: 120 }],
  listed: [{ account: ME, id: 'row-2', text: 'in' }],
  ledger: [entry('sent', 105, 1), entry('delivered', 130, 1)],
  connections: [connection(1, 10, 200), connection(2, 300, null)],
  frozen: [],
  scansWanted: [],
  faults: [],
  webhooks: {
    told: [
      told(1, { type: 'message.received', messageId: 'row-2', text: 'in' }),
      told(2, { messageId: 'row-1', status: 'sent' }),
      told(3, { messageId: 'row-1', status: 'delivered' }),
    ],
    refused: [],
    reached: [{ id: 'row-1', status: 'delivered' }],
  },
}

it('has nothing to say about a clean run', () => {
  const verdict = judge(clean)
  expect(verdict).toMatchObject({ sent: 1, delivered: 1, written: 1, received: 1, resent: 0 })
  expect(isClean(verdict)).toBe(true)
})

it('finds each seeded violation, and a blind judge would not', () => {
  expect(proveJudge(clean, judge(clean))).toEqual({ tried: 15, missed: [] })
  const { webhooks: _, ...unheard } = clean
  expect(proveJudge(unheard, judge(unheard))).toEqual({ tried: 8, missed: [] })
  const webhooks = { told: [], refused: [], reached: [] }
  const blind = { ...clean, seen: [], listed: [], connections: [], webhooks }
  expect(proveJudge(blind, judge(clean)).missed).toHaveLength(14)
})

it('counts what was accepted and came nowhere as lost, but not what never was', () => {
  const sent = [...clean.sent, { account: ME, contact: ANA, text: 'unanswered', at: 100 }]
  expect(judge({ ...clean, sent }).lost).toEqual([])
  expect(judge({ ...clean, seen: [] })).toMatchObject({ delivered: 0, lost: [expect.stringContaining('"out"')] })
  expect(judge({ ...clean, listed: [] })).toMatchObject({ received: 0, lost: [expect.stringContaining('"in"')] })
})

it('counts a text under two ids as doubled, and a repeated id as resent', () => {
  const again = { ...clean.seen[0]!, id: 'B2' }
  expect(judge({ ...clean, seen: [...clean.seen, again] })).toMatchObject({
    delivered: 1,
    duplicated: [expect.anything()],
  })
  const dropped = entry('duplicate', 140, 1, { direction: 'from-device', message: 'B1' })
  expect(judge({ ...clean, ledger: [...clean.ledger, dropped] })).toMatchObject({ duplicated: [], resent: 1 })
  const listed = [...clean.listed, { ...clean.listed[0]!, id: 'row-3' }]
  expect(judge({ ...clean, listed })).toMatchObject({ received: 0, duplicated: [expect.anything()] })
})

it('counts a message to a group on the phone of each member', () => {
  const GROUP = '120363000000000001@g.us'
  const BEN = '5521800000002'
  const copy = (contact: string, id = 'G1') => ({ account: ME, contact, group: GROUP, id, text: 'all', at: 120 })
  const message = { account: ME, contact: GROUP, members: [ANA, BEN], text: 'all', at: 100, acceptedAt: 110 }
  const judged = (...copies: Seen[]) =>
    judge({ ...clean, sent: [...clean.sent, message], seen: [...clean.seen, ...copies] })
  expect(judged(copy(ANA), copy(BEN))).toMatchObject({
    sent: 2,
    delivered: 2,
    lost: [],
    duplicated: [],
    unexpected: [],
  })
  expect(judged(copy(ANA))).toMatchObject({ delivered: 1, lost: [expect.stringContaining(BEN)] })
  expect(judged(copy(ANA), copy(BEN), copy(BEN, 'G2'))).toMatchObject({ delivered: 2, duplicated: [expect.anything()] })
  // In the wrong chat.
  const { group: _, ...direct } = copy(BEN)
  expect(judged(copy(ANA), direct)).toMatchObject({ lost: [expect.anything()], unexpected: [expect.anything()] })
})

it('calls it two owners when a login finds the earlier connection open', () => {
  const overlapping = { ...clean, connections: [connection(1, 10, 301), connection(2, 300, null)] }
  expect(judge(overlapping).overlappingOwners).toEqual([
    expect.stringContaining('connection 2 logged in while 1 was open'),
  ])
  const others = [connection(1, 10, 301), { ...connection(2, 300, null), number: '5511700000002' }]
  expect(judge({ ...clean, connections: others }).overlappingOwners).toEqual([])
})

it('excuses the open connection of a process that we had stopped, and only that one', () => {
  const connections = [connection(1, 10, 900), connection(2, 300, null)]
  const during = (from: number, until: number, accounts = [ME]) =>
    judge({ ...clean, connections, frozen: [{ accounts, from, until }] }).overlappingOwners
  expect(during(250, 400)).toEqual([])
  // It was awake again, and had not closed them yet.
  expect(during(250, 299)).toEqual([])
  expect(during(-900, -701)).toHaveLength(1)
  expect(during(301, 400)).toHaveLength(1)
  expect(during(250, 400, ['5511700000002'])).toHaveLength(1)
})

it('does not excuse what woke up and took its session back', () => {
  const connections = [connection(1, 10, 300), connection(2, 300, 500), connection(3, 450, null)]
  const frozen = [{ accounts: [ME], from: 250, until: 400 }]
  expect(judge({ ...clean, connections, frozen }).overlappingOwners).toHaveLength(1)
})

it('sees what an earlier connection does after a later one has logged in', () => {
  const late = (event: LedgerEntry['event'], more: Partial<LedgerEntry> = {}) =>
    judge({ ...clean, ledger: [entry(event, 301, 1, more)] }).overlappingOwners
  expect(late('delivered')).toHaveLength(1)
  expect(late('submitted', { direction: 'from-device' })).toHaveLength(1)
  // The server's own doing.
  expect(late('sent')).toEqual([])
  expect(late('delivered', { connection: 2 })).toEqual([])
})

it('counts a second link and a code to scan as new QR', () => {
  const linkedAgain = [...clean.connections, connection(3, 600, null, 2)]
  expect(judge({ ...clean, connections: linkedAgain }).newQr).toEqual([`${ME} was linked again, as device 2`])
  expect(judge({ ...clean, scansWanted: [{ at: 1, what: 'a code' }] }).newQr).toEqual(['a code'])
})

it('does not accept what nobody sent, nor what was refused and sent all the same', () => {
  const strange = { ...clean.seen[0]!, text: 'strange' }
  expect(judge({ ...clean, seen: [...clean.seen, strange] }).unexpected).toHaveLength(1)
  const sent = [{ ...clean.sent[0]!, acceptedAt: undefined, refusal: '409 session_not_linked' }]
  const verdict = judge({ ...clean, sent: sent.map(({ acceptedAt: _, ...rest }) => rest) })
  expect(verdict).toMatchObject({ unexpected: [expect.anything()], refused: [expect.anything()] })
  expect(isClean(verdict)).toBe(false)
})

it('leaves out, while traffic goes on, what was begun later and may still be on its way', () => {
  const later = {
    ...clean,
    sent: [...clean.sent, { account: ME, contact: ANA, text: 'out 2', at: 400, acceptedAt: 410, id: 'row-3' }],
    written: [
      ...clean.written,
      { account: ME, contact: ANA, text: 'in 2', at: 400, id: 'A2' },
      { account: ME, contact: ANA, text: 'in 3', at: 400, id: 'A3' },
    ],
    listed: [
      ...clean.listed,
      { account: ME, id: 'row-4', text: 'in 3' },
      { account: ME, id: 'row-5', text: 'not noted yet' },
    ],
  }
  expect(isClean(judge(later))).toBe(false)
  expect(isClean(judge(begunUntil(300, later)))).toBe(true)
  expect(judge(begunUntil(400, later)).lost).toHaveLength(2)
  expect(judge(begunUntil(300, { ...later, seen: [], listed: [] })).lost).toHaveLength(2)
})
