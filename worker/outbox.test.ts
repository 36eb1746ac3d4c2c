import type { StatusChange } from '@berth/core/postgres/commit.ts'
import type { SendRow } from '@berth/core/postgres/sends.ts'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Send, SendRefused } from './drivers/driver.ts'
import { Outbox } from './outbox.ts'

const ANA = 'ana@s.whatsapp.net'
const BEN = 'ben@s.whatsapp.net'

const row = (number: number, chat = ANA, status: SendRow['status'] = 'queued'): SendRow => ({
  session_id: 's',
  id: `id-${number}`,
  number,
  chat,
  whatsapp_id: `W${number}`,
  type: 'text',
  content: { text: `${number}` },
  status,
})

/** A provider that takes everything, unless the test tells it otherwise; writes are durable when the test says so. */
class FakeHost {
  sent: string[] = []
  written: StatusChange[] = []
  /** By WhatsApp id: what sending does instead. */
  instead = new Map<string, () => Promise<void>>()
  may = true
  #writes: (() => void)[] = []
  log = { warn: () => {}, info: () => {}, debug: () => {} } as never

  /** By WhatsApp id: what comes before sending. */
  before = new Map<string, Promise<unknown>>()

  taken: string[] = []
  /** Our ids of messages that must not go any more. */
  cancelled = new Set<string>()
  take = async (id: string): Promise<boolean> => {
    this.taken.push(id)
    return !this.cancelled.has(id)
  }
  prepare = ({ whatsappId }: Pick<Send, 'whatsappId'>) => this.before.get(whatsappId)
  send = async ({ whatsappId }: Send): Promise<void> => {
    this.sent.push(whatsappId)
    await this.instead.get(whatsappId)?.()
  }
  write = (changes: StatusChange[]): Promise<void> => {
    this.written.push(...changes)
    return new Promise((resolve) => this.#writes.push(resolve))
  }
  mayAct = () => this.may
  async becomeDurable(): Promise<void> {
    for (const resolve of this.#writes.splice(0)) resolve()
    await vi.advanceTimersByTimeAsync(0)
  }
}

describe('the outbox', () => {
  let host: FakeHost
  let outbox: Outbox
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    host = new FakeHost()
    outbox = new Outbox(host)
  })
  afterEach(() => {
    outbox.stop()
    vi.useRealTimers()
  })
  const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms)
  const ack = (whatsappId: string) => outbox.statuses([{ whatsappId, status: 'sent' }])

  test('hands nothing over before it is ready, then all in the order of their numbers, marked as sending before', async () => {
    outbox.offer([row(2), row(3, BEN), row(1)])
    await pass()
    expect(host.sent).toEqual([])
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W1', 'W2', 'W3'])
    expect(host.taken).toEqual(['id-1', 'id-2', 'id-3'])
  })

  test('a chat waits for what must come before a message, the others go on; what fails for good fails the message', async () => {
    const upload = Promise.withResolvers<unknown>()
    const refused = Promise.withResolvers<unknown>()
    host.before.set('W1', upload.promise).set('W4', refused.promise)
    outbox.offer([row(1), row(2), row(3, BEN), row(4, BEN)])
    outbox.ready()
    await pass(10_000)
    expect(host.sent).toEqual(['W3'])
    expect(host.taken).toEqual(['id-3'])
    host.before.clear()
    upload.resolve({ text: 'with its file' })
    refused.reject(new SendRefused('media_not_found', 'The file is gone.'))
    await pass()
    expect(host.sent).toEqual(['W3', 'W1', 'W2'])
    expect(host.written).toContainEqual({
      whatsappId: 'W4',
      status: 'failed',
      errorCode: 'media_not_found',
      errorMessage: 'The file is gone.',
    })
  })

  test('an unacknowledged message goes again under the same id, when the time is up or the connection is new', async () => {
    outbox.offer([row(1)])
    outbox.ready()
    await pass(25_000)
    expect(host.sent).toEqual(['W1', 'W1'])
    outbox.notReady()
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W1', 'W1', 'W1'])
    void ack('W1')
    await pass(10 * 60_000)
    expect(host.sent).toHaveLength(3)
  })

  test('a row in sending is settled by a receipt among the offline stanzas, and not sent again', async () => {
    outbox.offer([row(1, ANA, 'sending'), row(2, ANA, 'sending')])
    void outbox.statuses([{ whatsappId: 'W1', status: 'delivered' }])
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W2'])
  })

  test('what was settled is not taken from an answer of the database that is older', async () => {
    outbox.offer([row(1)])
    outbox.ready()
    await pass()
    outbox.beforeLoad()
    void ack('W1')
    await host.becomeDurable()
    outbox.offer([row(1, ANA, 'sending')]) // read before the ack was durable
    await pass()
    expect(host.sent).toEqual(['W1'])
    outbox.beforeLoad() // from now on the database knows
    expect(outbox.size).toBe(0)
  })

  test('nothing overtakes in a chat; other chats go on', async () => {
    host.instead.set('W1', () => Promise.reject(new Error('no answer')))
    outbox.offer([row(1), row(2), row(3, BEN)])
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W1', 'W3'])
    host.instead.clear()
    await pass(1000)
    expect(host.sent).toEqual(['W1', 'W3', 'W1', 'W2'])
  })

  test('a send that never answers is given up after its deadline and tried again', async () => {
    host.instead.set('W1', () => new Promise(() => {}))
    outbox.offer([row(1)])
    outbox.ready()
    await pass(20_000)
    host.instead.clear()
    await pass(1000)
    expect(host.sent).toEqual(['W1', 'W1'])
  })

  test('a refused message fails with its code, and the next one goes', async () => {
    host.instead.set('W1', () => Promise.reject(new SendRefused('not_on_whatsapp', 'no such number')))
    outbox.offer([row(1), row(2)])
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W1', 'W2'])
    expect(host.written).toContainEqual(
      expect.objectContaining({ whatsappId: 'W1', status: 'failed', errorCode: 'not_on_whatsapp' }),
    )
  })

  test('without a fresh lease nothing begins', async () => {
    host.may = false
    outbox.offer([row(1)])
    outbox.ready()
    await pass(10_000)
    expect(host.sent).toEqual([])
    host.may = true
    outbox.pump()
    await pass()
    expect(host.sent).toEqual(['W1'])
  })

  test('what was cancelled is not handed over, and whoever waits for it is told', async () => {
    host.cancelled.add('id-1')
    outbox.offer([row(1), row(2)])
    const settled = outbox.whenSettled('id-1')
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W2'])
    await settled
    outbox.offer([row(1)]) // read before it was cancelled
    await pass()
    expect(host.taken).toEqual(['id-1', 'id-2'])
  })

  test('a connection that is lost while the database is asked leaves the message to the next one, as repeated', async () => {
    const answer = Promise.withResolvers<boolean>()
    const asks = vi.spyOn(host, 'take').mockReturnValueOnce(answer.promise)
    outbox.offer([row(1)])
    outbox.ready()
    await pass()
    outbox.notReady()
    answer.resolve(true)
    await pass()
    expect(host.sent).toEqual([])
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W1'])
    expect(asks).toHaveBeenCalledTimes(2)
  })

  test('of a session that was logged out everything fails, also what comes later, until it is linked again', async () => {
    outbox.offer([row(1), row(2, BEN, 'sending')])
    outbox.close({ code: 'session_logged_out', message: 'Link it again.' })
    outbox.offer([row(3)])
    const failed = { status: 'failed', errorCode: 'session_logged_out', errorMessage: 'Link it again.' }
    expect(host.written).toEqual(['W1', 'W2', 'W3'].map((whatsappId) => ({ whatsappId, ...failed })))
    outbox.reopen()
    outbox.offer([row(4)])
    outbox.ready()
    await pass()
    expect(host.sent).toEqual(['W4'])
  })

  test('a pace lets one after another go, and a chat that has to wait leaves room for others', async () => {
    outbox.pace = { perMinute: 60, perMinuteToChat: 6 }
    outbox.offer([row(1), row(2), row(3, BEN)])
    outbox.ready()
    await pass(9999)
    expect(host.sent).toEqual([]) // whoever had the session before may have sent just now
    await pass(1)
    expect(host.sent).toEqual(['W1'])
    await pass(1300)
    expect(host.sent).toEqual(['W1', 'W3'])
    outbox.offer(Array.from({ length: 25 }, (_, i) => row(i + 4)))
    expect(outbox.fullChats).toEqual([ANA])
    expect(outbox.wantsMore).toBe(true)
    outbox.pace = {}
    await pass()
    expect(host.sent).toHaveLength(20)
  })

  test('it is known since when nothing is confirmed', async () => {
    outbox.offer([row(1), row(2)])
    outbox.ready()
    await pass(0)
    const since = performance.now()
    await pass(25_000) // both went again
    expect(outbox.unconfirmedSince).toBe(since)
    void ack('W1')
    expect(outbox.unconfirmedSince).toBe(since + 25_000)
    void ack('W2')
    expect(outbox.unconfirmedSince).toBeUndefined()
  })

  test('at most twenty wait for an ack', async () => {
    outbox.offer(Array.from({ length: 30 }, (_, i) => row(i + 1)))
    outbox.ready()
    await pass()
    expect(host.sent).toHaveLength(20)
    void ack('W1')
    await pass()
    expect(host.sent).toHaveLength(21)
  })

  test('waiting for a message ends when its status is durable', async () => {
    outbox.offer([row(1)])
    outbox.ready()
    await pass()
    let settled = false
    void outbox.whenSettled('id-1').then(() => {
      settled = true
    })
    void ack('W1')
    await pass()
    expect(settled).toBe(false)
    await host.becomeDurable()
    expect(settled).toBe(true)
    await outbox.whenSettled('id-unknown')
  })
})
