import { expect, it } from 'vitest'
import { NO_RECORDS } from '../made-up.ts'
import type { Records } from '../records.ts'
import { judgeWebhooks } from './judge.ts'
import type { Told, WebhookRecords } from './records.ts'

const ME = '5511700000001'
const ANA = '5521800000001'
const CHAT = `${ANA}@s.whatsapp.net`

const told = (seq: number, more: Partial<Told>): Told => ({
  tenant: 'acme',
  session: 'line-1',
  account: ME,
  id: `e${seq}`,
  digest: `d${seq}`,
  type: 'message.status',
  seq,
  chat: CHAT,
  occurredAt: 100 + seq,
  ...more,
})

const received = told(7, { type: 'message.received', messageId: 'row-2', text: 'in' })
const sent = told(8, { messageId: 'row-1', status: 'sent' })
const delivered = told(9, { messageId: 'row-1', status: 'delivered' })
const clean: WebhookRecords = {
  told: [received, sent, delivered],
  refused: [],
  reached: [{ id: 'row-1', status: 'delivered' }],
}
const records: Records = {
  ...NO_RECORDS,
  sent: [{ account: ME, contact: ANA, text: 'out', at: 100, acceptedAt: 110, id: 'row-1' }],
  written: [{ account: ME, contact: ANA, text: 'in', at: 100, id: 'A1' }],
  webhooks: clean,
}
const NOTHING = { untold: [], missingNumbers: [], toldTwice: [], toldOutOfOrder: [], mistold: [] }
const judged = (change: Partial<WebhookRecords>) => judgeWebhooks({ ...records, webhooks: { ...clean, ...change } })
const ONE = [expect.any(String)]

it('has nothing to say about a clean run, nor where nobody listens', () => {
  expect(judged({})).toEqual({ ...NOTHING, told: 3, toldAgain: 0, untimely: 0 })
  expect(judgeWebhooks({ sent: records.sent, written: records.written })).toMatchObject({ ...NOTHING, told: 0 })
})

it('counts an event that comes again as told again, unless its body is another', () => {
  expect(judged({ told: [...clean.told, received] })).toMatchObject({ ...NOTHING, told: 3, toldAgain: 1 })
  expect(judged({ told: [...clean.told, { ...received, digest: 'x' }] })).toMatchObject({ ...NOTHING, mistold: ONE })
})

it('misses a message that was written, and the status that a message has reached', () => {
  expect(judged({ told: [sent, delivered] })).toMatchObject({ ...NOTHING, untold: ONE })
  expect(judged({ told: [received, sent] })).toMatchObject({ ...NOTHING, untold: ONE })
  expect(judged({ told: [received], reached: [] })).toMatchObject({ untold: ONE })
  expect(judged({ told: [received], reached: [{ id: 'row-1', status: 'queued' }] })).toMatchObject({ untold: ONE })
  const unaccepted = records.sent.map(({ acceptedAt: _, ...rest }) => rest)
  const verdict = judgeWebhooks({ ...records, sent: unaccepted, webhooks: { ...clean, told: [received] } })
  expect(verdict).toMatchObject(NOTHING)
})

it('misses a number between two others, but not before it listened', () => {
  const state = told(12, { type: 'session.state' })
  expect(judged({ told: [...clean.told, state] }).missingNumbers).toEqual([`${ME}: events 10 to 11`])
  expect(judged({ told: [...clean.told, state], until: 110 })).toMatchObject(NOTHING)
})

it('sees one thing told as two events, and what is not told in its order', () => {
  expect(judged({ told: [...clean.told, { ...received, id: 'e10', seq: 10 }] })).toMatchObject({
    ...NOTHING,
    toldTwice: ONE,
  })
  expect(judged({ told: [...clean.told, { ...delivered, id: 'e10', seq: 10 }] })).toMatchObject({ toldTwice: ONE })
  expect(judged({ told: [received, delivered, sent] })).toMatchObject({ ...NOTHING, toldOutOfOrder: ONE })
  const elsewhere = { ...received, chat: 'elsewhere' }
  expect(judged({ told: [sent, elsewhere, delivered] })).toMatchObject(NOTHING)
})

it('does not accept wrong signatures, strange texts, nor what is another customer’s', () => {
  const refused = { tenant: 'acme', id: 'e7', why: 'No matching signature found', isUntimely: false }
  expect(judged({ refused: [refused] })).toMatchObject({ ...NOTHING, mistold: ONE, untimely: 0 })
  expect(judged({ refused: [{ ...refused, isUntimely: true }] })).toMatchObject({ ...NOTHING, untimely: 1 })
  expect(judged({ told: [...clean.told, { ...received, id: 'e10', seq: 10, text: 'strange' }] }).mistold).toEqual(ONE)
  const { account: _, ...nobodys } = { ...received, id: 'e10' }
  expect(judged({ told: [...clean.told, nobodys] }).mistold).toEqual(ONE)
})
