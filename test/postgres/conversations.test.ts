/** Contacts and conversations: kept with the messages that they tell of, whatever comes first and however often. */
import { randomUUID } from 'node:crypto'
import { type ReceivedMessage, type SessionRows, writeCommit } from '@berth/core/postgres/commit.ts'
import { claim, openLease } from '@berth/core/postgres/ownership.ts'
import { inTenant, openPool, type Pool } from '@berth/core/postgres/pool.ts'
import { db, runInTenant } from '@berth/core/postgres/tables.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { sweep } from '@berth/operator/sweep.ts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { asOwner } from './as-owner.ts'
import { seedSession } from './seed.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const ANA = { phone: '+5511900000002', chat: '5511900000002@s.whatsapp.net', lid: '100000000002@lid' }
const BOB = { phone: '+5511900000003', chat: '5511900000003@s.whatsapp.net', lid: '100000000003@lid' }
const GROUP = '120363041234567890@g.us'
const T0 = Date.parse('2026-01-05T10:00:00Z')

let postgres: TestDatabase
let operators: Pool
let workers: Pool
let gateways: Pool

beforeAll(async () => {
  postgres = await startTestPostgres()
  operators = openPool({ url: postgres.url, role: 'berth_operator', application: 'test', max: 2 })
  workers = openPool({ url: postgres.url, role: 'berth_worker', application: 'test', max: 2 })
  gateways = openPool({ url: postgres.url, role: 'berth_gateway', application: 'test', max: 2 })
})
afterAll(async () => {
  await Promise.all([operators.end(), workers.end(), gateways.end()])
  await postgres.close()
})

type Rows = Partial<Pick<SessionRows, 'received' | 'statuses' | 'commands' | 'people' | 'chats'>>

/** A session and its owner. */
async function owner() {
  const { sessionId, tenantId } = await seedSession(operators, { tenant: 'acme', name: `s-${randomUUID()}` })
  const bootId = randomUUID()
  await openLease(workers, { bootId, podUid: randomUUID(), worker: 'w', address: 'http://127.0.0.1:1' })
  const [claimed] = await claim(workers, bootId, [{ sessionId, generation: 1 }], [])
  let commits = 0
  const write = (rows: Rows) =>
    writeCommit(workers as never, bootId, ++commits, [
      {
        session: { sessionId, epoch: claimed!.epoch },
        keys: [],
        journal: [],
        received: [],
        statuses: [],
        commands: [],
        ...rows,
      },
    ])
  return {
    sessionId,
    tenantId,
    write,
    receive: (...messages: Partial<ReceivedMessage>[]) =>
      write({ received: messages.map((message) => ({ ciphertextHash: randomUUID(), message: received(message) })) }),
    conversations: () =>
      runInTenant(
        gateways,
        tenantId,
        db.selectFrom('conversation').selectAll().where('session_id', '=', sessionId).orderBy('chat'),
      ),
    contacts: () =>
      runInTenant(
        gateways,
        tenantId,
        db.selectFrom('contact').selectAll().where('session_id', '=', sessionId).orderBy('id'),
      ),
    messages: () =>
      runInTenant(
        gateways,
        tenantId,
        db.selectFrom('message').selectAll().where('session_id', '=', sessionId).orderBy('number'),
      ),
  }
}

/** By default from Ana, whose LID is not known. */
const received = (message: Partial<ReceivedMessage>): ReceivedMessage => ({
  id: randomUUID(),
  chat: ANA.chat,
  whatsappId: randomUUID(),
  fromMe: false,
  ...(message.senderLid || message.fromMe ? {} : { senderPhone: ANA.phone }),
  type: 'text',
  content: { text: 'hello' },
  status: message.fromMe ? 'sent' : 'received',
  sentAt: new Date(T0),
  ...message,
})

const at = (seconds: number) => new Date(T0 + seconds * 1000)

describe('a conversation', () => {
  test('counts what came in, once, and keeps its times', async () => {
    const { receive, conversations } = await owner()
    await receive({ whatsappId: 'a', sentAt: at(1) }, { whatsappId: 'b', sentAt: at(3) })
    await receive({ whatsappId: 'b', sentAt: at(3) }, { whatsappId: 'c', sentAt: at(2) })
    await receive({ fromMe: true, sentAt: at(9) })
    expect(await conversations()).toMatchObject([{ chat: ANA.chat, unread: 3, last_at: at(9), inbound_at: at(3) }])
  })

  test('does not count changes of messages', async () => {
    const { receive, conversations } = await owner()
    await receive({ whatsappId: 'a' })
    await receive({
      type: 'reaction',
      content: { target: { whatsappId: 'a', fromMe: false }, emoji: '👍' },
      sentAt: at(5),
    })
    expect(await conversations()).toMatchObject([{ unread: 1, last_at: at(0) }])
  })

  test('is read up to a message, on the phone or through the API, and never less', async () => {
    const { sessionId, tenantId, write, receive, conversations } = await owner()
    const unread = async () => (await conversations())[0]!.unread
    await receive({ whatsappId: 'a' }, { whatsappId: 'b' }, { whatsappId: 'c' })
    await write({ chats: [{ chat: ANA.chat, read: ['b'] }] })
    expect(await unread()).toBe(1)
    await write({ chats: [{ chat: ANA.chat, read: ['a', 'unknown'] }] })
    expect(await unread()).toBe(1)
    const command = randomUUID()
    await inTenant(gateways, tenantId, {
      text: `INSERT INTO command (id, tenant_id, session_id, kind, input) VALUES ($1, $2, $3, 'read', $4)`,
      values: [command, tenantId, sessionId, JSON.stringify({ chat: ANA.chat, messages: [{ whatsappId: 'c' }] })],
    })
    expect(await unread()).toBe(1)
    await write({ commands: [{ id: command, status: 'done' }] })
    expect(await unread()).toBe(0)
    await receive({ whatsappId: 'd' })
    expect(await unread()).toBe(1)
  })

  test('is archived, pinned and muted as the phone has it', async () => {
    const { write, receive, conversations } = await owner()
    await receive({})
    await write({ chats: [{ chat: ANA.chat, archived: true, pinnedAt: at(1), mutedUntil: at(2) }] })
    await write({ chats: [{ chat: ANA.chat, mutedUntil: null }] })
    expect(await conversations()).toMatchObject([{ archived: true, pinned_at: at(1), muted_until: null }])
  })
})

describe('a contact', () => {
  test('is whoever wrote, in groups too, and whoever was written to', async () => {
    const { receive, contacts } = await owner()
    await receive({ chat: GROUP, senderLid: BOB.lid, senderPhone: BOB.phone, senderName: 'Bob' })
    await receive({ fromMe: true })
    expect(await contacts()).toMatchObject([
      { id: ANA.chat, lid: null, push_name: null },
      { id: BOB.chat, lid: BOB.lid, push_name: 'Bob' },
    ])
  })

  test('is called what they were last called', async () => {
    const { write, receive, contacts } = await owner()
    await receive({ senderName: 'Ana', sentAt: at(5) })
    await receive({ senderName: 'Anna', sentAt: at(1) })
    await receive({ sentAt: at(9) })
    await write({ people: [{ phone: ANA.phone, savedName: 'Mum' }] })
    expect(await contacts()).toMatchObject([{ push_name: 'Ana', saved_name: 'Mum', last_message_at: at(9) }])
    await write({ people: [{ phone: ANA.phone, savedName: null }] })
    expect(await contacts()).toMatchObject([{ push_name: 'Ana', saved_name: null }])
  })

  test('is reached by its LID still when its number is known', async () => {
    const { tenantId, sessionId, write, receive, conversations } = await owner()
    await receive({ chat: ANA.lid, senderLid: ANA.lid })
    await write({ people: [ANA] })
    await inTenant(gateways, tenantId, {
      text: `INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, type, content, status)
             VALUES ($1, $2, $3, $4, 'w', true, 'text', '{}', 'queued')`,
      values: [randomUUID(), tenantId, sessionId, ANA.lid],
    })
    await write({ chats: [{ chat: ANA.lid, archived: true }] })
    expect(await conversations()).toMatchObject([{ chat: ANA.chat, archived: true, unread: 1 }])
  })

  test('who takes another number keeps the LID, and the old conversation stays with the old number', async () => {
    const { receive, contacts, conversations } = await owner()
    await receive({ senderPhone: ANA.phone, senderLid: ANA.lid })
    await receive({ chat: BOB.chat, senderPhone: BOB.phone, senderLid: ANA.lid })
    expect(await contacts()).toMatchObject([
      { id: ANA.chat, lid: null },
      { id: BOB.chat, lid: ANA.lid },
    ])
    expect((await conversations()).map(({ chat }) => chat)).toEqual([ANA.chat, BOB.chat])
  })

  test('of two addresses becomes one, in whatever order what tells it comes, and however often', async () => {
    const people = [ANA, BOB]
    type Fact = { person: number; by: 'phone' | 'lid' | 'both'; minute: number } | { person: number; by: 'mapping' }
    const message = fc.record({
      person: fc.nat(1),
      by: fc.constantFrom('phone' as const, 'lid' as const, 'both' as const),
      minute: fc.nat(40),
    })
    const facts: fc.Arbitrary<Fact[]> = fc
      .uniqueArray(message, { minLength: 1, maxLength: 7, selector: ({ minute }) => minute })
      .chain((messages) => {
        const mappings: Fact[] = people.map((_, person) => ({ person, by: 'mapping' }))
        const all: Fact[] = [...messages, ...mappings]
        const again = fc.subarray(all)
        return again.chain((more) => {
          const list = [...all, ...more]
          return fc.shuffledSubarray(list, { minLength: list.length })
        })
      })
    await fc.assert(
      fc.asyncProperty(facts, async (list) => {
        const { write, receive, contacts, conversations, messages } = await owner()
        /** The worker looks up in its keys what it was told. */
        const known = new Set<number>()
        for (const fact of list) {
          const { phone, chat, lid } = people[fact.person]!
          if (fact.by === 'mapping') {
            known.add(fact.person)
            await write({ people: [{ phone, lid }] })
            continue
          }
          const by = known.has(fact.person) ? 'both' : fact.by
          await receive({
            whatsappId: `m${fact.minute}`,
            chat: by === 'lid' ? lid : chat,
            ...(by !== 'lid' && { senderPhone: phone }),
            ...(by !== 'phone' && { senderLid: lid }),
            senderName: `name of ${fact.minute}`,
            sentAt: at(fact.minute * 60),
          })
        }
        const written = people.flatMap((person, index) => {
          const minutes = new Set(
            list.flatMap((fact) => (fact.by !== 'mapping' && fact.person === index ? [fact.minute] : [])),
          )
          const last = Math.max(...minutes)
          return minutes.size > 0 ? [{ person, unread: minutes.size, last }] : []
        })
        expect(await contacts()).toMatchObject(
          written.map(({ person, last }) => ({
            id: person.chat,
            lid: person.lid,
            push_name: `name of ${last}`,
            last_message_at: at(last * 60),
          })),
        )
        expect(await conversations()).toMatchObject(
          written.map(({ person, unread, last }) => ({ chat: person.chat, unread, last_at: at(last * 60) })),
        )
        const chats = (await messages()).map(({ chat }) => chat).sort()
        expect(chats).toEqual(written.flatMap(({ person, unread }) => Array(unread).fill(person.chat)))
      }),
      { numRuns: 25 },
    )
  })
})

test('a tenant sees neither contacts nor conversations of another', async () => {
  const { receive } = await owner()
  await receive({})
  const other = await seedSession(operators, { tenant: 'globex', name: randomUUID() })
  for (const table of ['contact', 'conversation'] as const) {
    expect(await runInTenant(gateways, other.tenantId, db.selectFrom(table).selectAll())).toEqual([])
  }
})

describe('what is kept no longer', () => {
  const DAY = 86_400_000
  const daysAgo = (days: number) => new Date(Date.now() - days * DAY)

  test('goes with its conversations, and what is left stays right', async () => {
    const { receive, conversations, contacts, messages } = await owner()
    await sweep(operators) // what other tests have left
    const old = Array.from({ length: 600 }, () => ({ sentAt: daysAgo(31) }))
    await receive(...old, { chat: BOB.chat, senderPhone: BOB.phone, sentAt: daysAgo(31) }, { sentAt: daysAgo(1) })
    expect((await sweep(operators)).messages).toBe(601)
    expect(await messages()).toHaveLength(1)
    expect(await conversations()).toMatchObject([{ chat: ANA.chat, unread: 1 }])
    expect((await contacts()).map(({ id }) => id)).toEqual([ANA.chat])
    expect((await sweep(operators)).messages).toBe(0)
  })
})

describe('a contact that is erased', () => {
  const erase = async (tenantId: string, sessionId: string, address: string) =>
    (
      await inTenant(gateways, tenantId, {
        text: 'SELECT erase_contact($1, $2, 2) AS gone',
        values: [sessionId, address],
      })
    )[0]!.rows[0].gone

  test('takes along what was said, also in groups, in parts; a history that is told again brings nothing back', async () => {
    const { tenantId, sessionId, receive, conversations, contacts, messages } = await owner()
    await receive({ senderLid: ANA.lid, senderPhone: ANA.phone, sentAt: at(1) })
    await receive({ fromMe: true, sentAt: at(2) })
    await receive({ chat: GROUP, senderLid: ANA.lid, sentAt: at(3) })
    await receive({ chat: GROUP, senderLid: BOB.lid, senderPhone: BOB.phone, sentAt: at(4) })
    const other = await seedSession(operators, { tenant: 'globex', name: randomUUID() })
    expect(await erase(other.tenantId, sessionId, ANA.chat)).toBeNull()
    expect([
      await erase(tenantId, sessionId, ANA.lid),
      await erase(tenantId, sessionId, ANA.chat),
      await erase(tenantId, sessionId, ANA.chat),
      await erase(tenantId, sessionId, ANA.chat),
    ]).toEqual([2, 1, 0, 0])
    expect(await contacts()).toMatchObject([{ id: BOB.chat }])
    expect(await conversations()).toMatchObject([{ chat: GROUP, unread: 1 }])
    expect(await messages()).toHaveLength(1)
    const told = (chat: string, lid: string | null, sentAt: Date) =>
      asOwner(
        operators,
        `SET LOCAL ROLE berth_definer;
         INSERT INTO message (id, tenant_id, session_id, chat, whatsapp_id, from_me, sender_lid, type, content, status, history, sent_at)
         VALUES (gen_random_uuid(), '${tenantId}', '${sessionId}', '${chat}', gen_random_uuid(), false, ${lid ? `'${lid}'` : 'NULL'},
           'text', '{}', 'received', true, '${sentAt.toISOString()}')`,
      )
    await told(ANA.chat, null, at(1))
    await told(GROUP, ANA.lid, at(1))
    expect(await messages()).toHaveLength(1)
    await receive({ sentAt: new Date() })
    expect(await messages()).toHaveLength(2)
  })

  test('that nobody knows is none', async () => {
    const { tenantId, sessionId } = await owner()
    expect(await erase(tenantId, sessionId, ANA.chat)).toBeNull()
  })
})
