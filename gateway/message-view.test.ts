import { expect, test } from 'vitest'
import type { MessageRow } from './data/messages.ts'
import { NOW, rowOf } from './message-row.testing.ts'
import { messageView } from './message-view.ts'

const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString()
const view = (columns: Partial<MessageRow>) =>
  messageView(rowOf({ type: 'text', text: 'Hello' }, { from_me: true, sent_at: null, ...columns }), 'support')
const timeline = (columns: Partial<MessageRow>) => view(columns).timeline?.map(({ status, at }) => `${status} ${at}`)

test('the timeline has each status that a message reached', () => {
  const times = { sending: at(1), sent: at(3), delivered: at(4) }
  expect(timeline({ status: 'delivered', status_times: times, sent_at: new Date(at(2)) })).toEqual([
    `queued ${at(0)}`,
    `sending ${at(1)}`,
    `sent ${at(2)}`, // as WhatsApp says
    `delivered ${at(4)}`,
  ])
  expect(timeline({ status: 'queued' })).toEqual([`queued ${at(0)}`])
})

test('what is scheduled is so until its time has come', () => {
  const send_at = new Date(at(60))
  expect(view({ status: 'queued', send_at, queue_number: null })).toMatchObject({ status: 'scheduled', sendAt: at(60) })
  expect(timeline({ status: 'queued', send_at, queue_number: null })).toEqual([`scheduled ${at(0)}`])
  const times = { queued: at(61), sending: at(62) }
  expect(timeline({ status: 'sending', send_at, status_times: times })).toEqual([
    `scheduled ${at(0)}`,
    `queued ${at(61)}`,
    `sending ${at(62)}`,
  ])
})

test('what was cancelled says so, and what has failed says why and what to do', () => {
  const cancelled = view({ status: 'failed', error_code: 'cancelled', status_times: { failed: at(5) } })
  expect(cancelled).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } })
  expect(cancelled.timeline?.at(-1)).toEqual({ status: 'cancelled', at: at(5) })
  expect(view({ status: 'failed', error_code: 'expired' }).error).toEqual({
    code: 'expired',
    message: expect.stringContaining('deadline'),
    remedy: expect.stringContaining('later deadline'),
  })
  const own = { status: 'failed', error_code: 'of_another_provider', error_message: 'No credit.' } as const
  expect(view(own).error).toEqual({ code: 'of_another_provider', message: 'No credit.' })
})

test('what was sent on the phone was never accepted here, and received messages have no timeline', () => {
  expect(timeline({ status: 'delivered', sent_at: new Date(at(-9)), status_times: { delivered: at(1) } })).toEqual([
    `sent ${at(-9)}`,
    `delivered ${at(1)}`,
  ])
  expect(view({ from_me: false, status: 'received' }).timeline).toBeUndefined()
})

test('of a message of the release before, the last status is known', () => {
  expect(timeline({ status: 'read', status_at: new Date(at(7)) })).toEqual([`read ${at(7)}`])
})
