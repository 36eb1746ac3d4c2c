import { expect, test } from 'vitest'
import type { MessageRow } from './data/messages.ts'
import { NOW, rowOf } from './message-row.testing.ts'
import { queueView } from './queue-view.ts'

const [ANA, BEN] = ['5511999990002@s.whatsapp.net', '5511999990003@s.whatsapp.net']
const CONNECTED = { state: 'Connected' } as const
const waiting = (columns: Partial<MessageRow> = {}): MessageRow =>
  rowOf({ type: 'text', text: 'Hello' }, { from_me: true, status: 'queued', sent_at: null, ...columns })
const later = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString()
const shown = (rows: MessageRow[], limits = {}, session: Parameters<typeof queueView>[2] = CONNECTED) =>
  queueView(rows, rows.length, session, limits, NOW).data.map(({ status, waitsFor, notBefore }) =>
    [status, waitsFor, notBefore].filter(Boolean).join(' '),
  )

test('says what each message waits for', () => {
  const scheduled = waiting({ queue_number: null, send_at: new Date(later(60)) })
  const rows = [waiting({ status: 'sending' }), waiting(), waiting(), scheduled]
  expect(shown(rows)).toEqual(['sending confirmation', 'queued turn', 'queued turn', `scheduled time ${later(60)}`])
})

test('a session that is not connected keeps all but the scheduled ones, and says why', () => {
  const moving = { state: 'Pending', reason: 'Moving', message: 'Another worker takes it over.' } as const
  expect(shown([waiting({ status: 'sending' }), waiting()], {}, moving)).toEqual(['sending session', 'queued session'])
  expect(queueView([], 0, moving, {}, NOW).session).toEqual(moving)
})

test('by the pace, each has a time before which it does not go: of the session, and of its chat', () => {
  const limits = { messagesPerMinute: 60, messagesPerMinutePerChat: 6 }
  const rows = [waiting({ chat: ANA }), waiting({ chat: BEN }), waiting({ chat: ANA }), waiting({ chat: ANA })]
  expect(shown(rows, limits)).toEqual([
    'queued turn',
    `queued pace ${later(1)}`,
    `queued pace ${later(10)}`,
    `queued pace ${later(20)}`,
  ])
})

test('has the deadline and the position of each', () => {
  const { data, count } = queueView([waiting({ expires_at: new Date(later(5)) })], 7, CONNECTED, {}, NOW)
  expect(count).toBe(7)
  expect(data).toMatchObject([{ position: 1, expiresAt: later(5), to: '+5511999990002' }])
})
