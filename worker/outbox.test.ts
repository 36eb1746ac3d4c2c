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
    expect(host.written.map(({ status }) => status)).toEqual(['sending', 'sending', 'sending'])
  })

  test('a chat waits for what must come before a message, the others go on; what fails for good fails the message', async () => {
    const upload = Promise.withResolvers<unknown>()
    const refused = Promise.withResolvers<unknown>()
    host.before.set('W1', upload.promise).set('W4', refused.promise)
    outbox.offer([row(1), row(2), row(3, BEN), row(4, BEN)])
    outbox.ready()
    await pass(10_000)
    expect(host.sent).toEqual(['W3'])
    expect(host.written.map(({ whatsappId }) => whatsappId)).toEqual(['W3'])
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
    expect(host.written.filter(({ status }) => status === 'sending')).toHaveLength(1)
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
