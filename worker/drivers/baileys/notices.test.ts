import { EventEmitter } from 'node:events'
import { type BinaryNode, encodeBinaryNode } from '@whiskeysockets/baileys'
import { beforeEach, describe, expect, test } from 'vitest'
import type { JournalEntry } from './auth-state.ts'
import { encodeNotice, noticeHeadOf, stanzaOfNotice } from './journal-body.ts'
import { quietLogger } from './logger.ts'
import { type Connection, Notices } from './notices.ts'

const DEVICE = '5511900000001:3@s.whatsapp.net'
const notification = (id: string, more: Record<string, string> = {}): BinaryNode => ({
  tag: 'notification',
  attrs: { id, from: '5511900000002@s.whatsapp.net', type: 'devices', t: '1700000000', ...more },
  content: [
    { tag: 'add', attrs: { device_hash: '2:abc' }, content: [{ tag: 'device', attrs: { jid: '55119:7@lid' } }] },
    { tag: 'token', attrs: {}, content: Buffer.from([0, 1, 255]) },
  ],
})
const settle = () => new Promise((resolve) => setImmediate(resolve))

/** The journal of a session: rows become durable when the test says so. */
class FakeJournal {
  readonly rows = new Map<string, { body: Buffer; done: boolean }>()
  /** What is written and not durable yet. */
  waiting: (() => void)[] = []
  held = false

  readonly store = {
    write: ({ journal = [], received = [] }: { journal?: JournalEntry[]; received?: { ciphertextHash: string }[] }) =>
      new Promise<void>((resolve) => {
        this.waiting.push(() => {
          for (const { ciphertextHash, body } of journal) this.rows.set(ciphertextHash, { body, done: false })
          for (const { ciphertextHash } of received) this.rows.get(ciphertextHash)!.done = true
          resolve()
        })
        if (!this.held) this.commit()
      }),
  }

  commit(): void {
    for (const land of this.waiting.splice(0)) land()
  }

  get open(): JournalEntry[] {
    return [...this.rows].flatMap(([ciphertextHash, { body, done }]) => (done ? [] : [{ ciphertextHash, body }]))
  }
}

/** A connection whose library notes what it is told, and takes as long as the test wants. */
class FakeConnection implements Connection {
  readonly ws = Object.assign(new EventEmitter(), { isOpen: true })
  readonly seen: BinaryNode[] = []
  readonly answered: BinaryNode[] = []
  /** What the library is at; undefined: it is quick. */
  work: Promise<void> | undefined

  constructor() {
    for (const tag of ['notification', 'call', 'receipt']) {
      this.ws.on(`CB:${tag}`, async (stanza: BinaryNode) => {
        this.seen.push(stanza)
        await this.work
      })
    }
  }

  async sendNode(stanza: BinaryNode): Promise<void> {
    this.answered.push(stanza)
  }

  get ids(): string[] {
    return this.seen.map(({ attrs }) => attrs.id!)
  }
}

let journal: FakeJournal
const owner = (): Notices => {
  const journalBody = async (hash: string) => journal.rows.get(hash)?.body
  const notices = new Notices({ store: journal.store, journalBody, log: {} } as never, () => DEVICE)
  for (const entry of journal.open) expect(notices.take(entry)).toBe(true)
  return notices
}
const connect = (notices: Notices, loggedIn: Promise<unknown> = Promise.resolve()): FakeConnection => {
  const connection = new FakeConnection()
  notices.hold(connection, loggedIn)
  return connection
}

beforeEach(() => {
  journal = new FakeJournal()
})

describe('a notice', () => {
  test('is durable before the library sees it, and closed when the library is done', async () => {
    const connection = connect(owner())
    const work = Promise.withResolvers<void>()
    connection.work = work.promise
    journal.held = true
    connection.ws.emit('CB:notification', notification('A'))
    await settle()
    expect(connection.seen).toEqual([])
    journal.commit()
    await settle()
    expect(connection.seen).toEqual([notification('A')])
    expect(journal.open).toHaveLength(1)
    journal.held = false
    work.resolve()
    await settle()
    expect(journal.open).toEqual([])
  })

  test('waits for those before it, and for what they take', async () => {
    const notices = owner()
    const connection = connect(notices)
    const work = Promise.withResolvers<void>()
    connection.work = work.promise
    for (const id of ['A', 'B', 'C']) connection.ws.emit('CB:notification', notification(id))
    await settle()
    expect(connection.ids).toEqual(['A'])
    let caughtUp = false
    const handedOver = notices.handedOver().then(() => {
      caughtUp = true
    })
    await settle()
    expect(caughtUp).toBe(false)
    work.resolve()
    await handedOver
    expect(connection.ids).toEqual(['A', 'B', 'C'])
  })

  test('that was open when the owner died goes to the next one at its login, ahead of what comes then', async () => {
    const first = connect(owner())
    first.work = new Promise(() => {})
    first.ws.emit('CB:notification', notification('A'))
    first.ws.emit('CB:notification', notification('B'))
    await settle()
    expect(journal.open).toHaveLength(2)
    const login = Promise.withResolvers<void>()
    const second = connect(owner(), login.promise)
    second.ws.emit('CB:notification', notification('C'))
    await settle()
    expect(second.seen).toEqual([])
    login.resolve()
    await settle()
    expect(second.seen).toEqual(['A', 'B', 'C'].map((id) => notification(id)))
    expect(journal.open).toEqual([])
  })

  test('that the library could not finish before the connection ended goes to the next connection', async () => {
    const notices = owner()
    const first = connect(notices)
    const work = Promise.withResolvers<void>()
    first.work = work.promise
    first.ws.emit('CB:notification', notification('A'))
    first.ws.emit('CB:notification', notification('B'))
    await settle()
    first.ws.isOpen = false
    work.resolve()
    await settle()
    expect(first.ids).toEqual(['A'])
    const second = connect(notices)
    await settle()
    expect(second.ids).toEqual(['A', 'B'])
    expect(journal.open).toEqual([])
  })

  test.each([
    ['is tried again at the next login', new Date(), ['A']],
    ['is given up when it is old', new Date('2020-01-01'), []],
  ])('that the library fails at, and says so in its log only, %s', async (_, at, again) => {
    const notices = owner()
    const logger = quietLogger({ debug: () => {} } as never)
    const failing = new FakeConnection()
    failing.ws.on('CB:notification', async () => logger.error({ err: new Error('no answer') }, 'unexpected'))
    notices.hold(failing, Promise.resolve())
    failing.ws.emit('CB:notification', notification('A', { t: String(at.getTime() / 1000) }))
    await settle()
    expect(failing.ids).toEqual(['A'])
    const second = connect(notices)
    await settle()
    expect(second.ids).toEqual(again)
    expect(journal.open).toEqual([])
  })

  test('that comes again is handed over once when it is open, and only answered when it is done', async () => {
    connect(owner()).ws.emit('CB:notification', notification('done'))
    await settle()
    const lost = connect(owner())
    lost.work = new Promise(() => {})
    lost.ws.emit('CB:notification', notification('open'))
    await settle()
    const connection = connect(owner())
    for (const id of ['done', 'open', 'new']) {
      connection.ws.emit('CB:notification', notification(id, { offline: '0' }))
    }
    await settle()
    expect(connection.ids).toEqual(['open', 'new'])
    expect(connection.answered).toEqual([
      {
        tag: 'ack',
        attrs: { id: 'done', to: notification('done').attrs.from, class: 'notification', type: 'devices' },
      },
    ])
    expect(journal.open).toEqual([])
  })

  test('with a one-time key gives that key to the library once', async () => {
    const retry = { tag: 'receipt', attrs: { id: 'A', from: '200@lid', type: 'retry' } }
    const [count, keys] = ['retry', 'keys'].map((tag): BinaryNode => ({ tag, attrs: {}, content: Buffer.from(tag) }))
    const first = connect(owner())
    first.work = new Promise(() => {})
    first.ws.emit('CB:receipt', { ...retry, content: [count, keys] })
    await settle()
    const second = connect(owner())
    await settle()
    expect(first.seen).toEqual([{ ...retry, content: [count, keys] }])
    expect(second.seen).toEqual([{ ...retry, content: [count] }])
  })

  test('of an earlier link is nobody else’s', async () => {
    const body = encodeNotice(
      { notice: 'receipt', device: '5511:1@s.whatsapp.net' },
      Buffer.from(encodeBinaryNode(notification('A'))),
    )
    journal.rows.set('hash', { body, done: false })
    const connection = connect(owner())
    await settle()
    expect(connection.seen).toEqual([])
    expect(journal.open).toEqual([])
  })
})

test('only requests to send again are notices among receipts, and a code pairing is none', async () => {
  const connection = connect(owner())
  journal.held = true
  const receipt = (type: string) => ({ tag: 'receipt', attrs: { id: type, from: 'x@lid', type } })
  connection.ws.emit('CB:receipt', receipt('read'))
  connection.ws.emit('CB:receipt', receipt('retry'))
  connection.ws.emit('CB:notification', notification('pairing', { type: 'link_code_companion_reg' }))
  connection.ws.emit('CB:call', { tag: 'call', attrs: { id: 'call', from: 'x@lid' } })
  await settle()
  expect(connection.ids).toEqual(['read', 'pairing'])
  journal.commit()
  await settle()
  expect(connection.ids.sort()).toEqual(['call', 'pairing', 'read', 'retry'])
})

test('a row gives the stanza back as it came', async () => {
  const head = { notice: 'notification', device: DEVICE }
  const body = encodeNotice(head, encodeBinaryNode(notification('A')))
  expect(noticeHeadOf(body)).toEqual(head)
  expect(await stanzaOfNotice(body)).toEqual(notification('A'))
})
