import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant
let session: string
let worker: FakeWorker

beforeAll(async () => {
  // No Kubernetes API: nothing here needs it.
  world = await World.start({ holds: { moveMs: 300 } })
  acme = await world.addTenant('acme')
  ;({ id: session, worker } = await world.addConnected(acme, 'support'))
})
afterAll(() => world.close())

const to = '+5511999990002'
const MESSAGES = '/v1/sessions/support/messages'
const send = (body: object, headers: Record<string, string> = {}) =>
  world.call(acme, `POST ${MESSAGES}`, { body, headers })
const read = async (id: string) => (await world.call(acme, `GET ${MESSAGES}/${id}`)).body
const allIn = async (chat: string) =>
  (await world.call(acme, `GET ${MESSAGES}?chat=${encodeURIComponent(chat)}&limit=100`)).body.data

describe('sending', () => {
  test('answers the stored message and has the owner send it', async () => {
    const answer = await send({ to, text: 'Hello' })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      session: 'support',
      chat: '5511999990002@s.whatsapp.net',
      to,
      direction: 'outgoing',
      fromMe: true,
      type: 'text',
      text: 'Hello',
      status: 'queued',
    })
    await expect.poll(async () => (await read(answer.body.id)).status).toBe('sent')
    expect((await read(answer.body.id)).sentAt).toBeDefined()
  })

  test('takes a chat as it came in a message', async () => {
    const answer = await send({ to: '123456789012345@lid', text: 'Hello' })
    expect(answer.body).toMatchObject({ to: '123456789012345@lid', chat: '123456789012345@lid' })
  })

  test.each([
    [{ text: 'x' }, 'body.to'],
    [{ to: '11999990002', text: 'x' }, 'body.to'],
    [{ to, text: '' }, 'body.text'],
    [{ to, text: 7 }, 'body.text'],
    [{ to, text: 'a\u0000b' }, 'body.text'],
    [{ to, text: 'x', tenant: 'globex' }, 'body.tenant'],
  ])('names the wrong field of %j', async (body, field) => {
    const answer = await send(body)
    expect(answer.status).toBe(422)
    expect(answer.body.code).toBe('validation_failed')
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toEqual([field])
  })

  test('takes a text of 64 kB and says the limit to a longer one', async () => {
    expect((await send({ to, text: 'é'.repeat(32_768) })).status).toBe(201)
    for (const text of [`é${'é'.repeat(32_768)}`, 'x'.repeat(300_000)]) {
      const answer = await send({ to, text })
      expect(answer.status).toBe(413)
      expect(answer.body.remedy).toContain('64 kB')
    }
  })
})

describe('Prefer: wait', () => {
  test('answers the status that was reached', async () => {
    const answer = await send({ to, text: 'now' }, { prefer: 'wait=5' })
    expect(answer.status).toBe(201)
    expect(answer.body.status).toBe('sent')
    expect(answer.headers.get('preference-applied')).toBe('wait=5')
  })

  test('answers what there is when nothing happens in time', async () => {
    const silent = await world.startWorker()
    const id = await world.addSession(acme, 'silent')
    await silent.claim(id, 1, { sends: false })
    await silent.connect(id)
    const answer = await world.call(acme, 'POST /v1/sessions/silent/messages', {
      body: { to, text: 'x' },
      headers: { prefer: 'wait=1' },
    })
    expect(answer.status).toBe(201)
    expect(answer.body.status).toBe('queued')
    expect(silent.calls.filter((call) => call.endsWith('/wake'))).toHaveLength(1)
  })

  test('waits no longer than the caller', async () => {
    const silent = await world.startWorker()
    const id = await world.addSession(acme, 'unheard')
    await silent.claim(id, 1, { sends: false })
    await silent.connect(id)
    const caller = new AbortController()
    const pending = world.call(acme, 'POST /v1/sessions/unheard/messages', {
      body: { to, text: 'x' },
      headers: { prefer: 'wait=30' },
      signal: caller.signal,
    })
    await expect.poll(() => silent.calls).toContain(`POST /sessions/${id}/wake`)
    caller.abort()
    await expect(pending).rejects.toThrow('abort')
    await expect.poll(() => silent.hungUp).toBe(1)
  })

  test('hears of a failure', async () => {
    const failing = await world.startWorker()
    const id = await world.addSession(acme, 'failing')
    await failing.claim(id, 1, { sends: false })
    await failing.connect(id)
    const pending = world.call(acme, 'POST /v1/sessions/failing/messages', {
      body: { to: '+5511999990009', text: 'x' },
      headers: { prefer: 'wait=20' },
    })
    await failing.failOpen(id, 'not_on_whatsapp')
    const answer = await pending
    expect(answer.body).toMatchObject({ status: 'failed', error: { code: 'not_on_whatsapp' } })
  })
})

describe('Idempotency-Key', () => {
  test('20 requests at once with one key are one message', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const body = { to: '+5511999990003', text: 'once' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(body, headers)))
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    const replayed = answers.filter((answer) => answer.status === 200)
    expect(replayed).toHaveLength(19)
    expect(new Set(replayed.map((answer) => answer.headers.get('idempotent-replayed')))).toEqual(new Set(['true']))
    expect(await allIn(body.to)).toHaveLength(1)
  })

  test('answers the current state, also where nothing can be sent any more', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const body = { to, text: 'again' }
    const first = await send(body, { ...headers, prefer: 'wait=5' })
    await worker.setState(session, 'LoggedOut')
    const second = await send(body, headers)
    await worker.connect(session)
    expect([second.status, second.body.id, second.body.status]).toEqual([200, first.body.id, 'sent'])
  })

  test('refuses a key that stands for another message', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    await send({ to, text: 'one' }, headers)
    for (const body of [
      { to, text: 'two' },
      { to: '+5511999990004', text: 'one' },
    ]) {
      const answer = await send(body, headers)
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency_key_reused'])
    }
  })

  test('belongs to one session', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    await world.addConnected(acme, 'sales')
    const here = await send({ to, text: 'one' }, headers)
    const there = await world.call(acme, 'POST /v1/sessions/sales/messages', { body: { to, text: 'two' }, headers })
    expect([here.status, there.status]).toEqual([201, 201])
  })

  test('names a key that can not be one', async () => {
    const answer = await send({ to, text: 'x' }, { 'idempotency-key': 'k'.repeat(129) })
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].field).toBe('headers.idempotency-key')
  })
})

describe('a session that can not send says what to do', () => {
  test.each([
    ['LoggedOut', 'session_logged_out', '/start'],
    ['Banned', 'session_banned', 'review'],
    ['WaitingForScan', 'session_not_linked', '/qr'],
    ['Failed', 'session_failed', 'reason'],
  ])('%s → %s', async (state, code, remedy) => {
    const name = state.toLowerCase()
    const { id, worker } = await world.addConnected(acme, name)
    await worker.setState(id, state)
    const answer = await world.call(acme, `POST /v1/sessions/${name}/messages`, { body: { to, text: 'x' } })
    expect([answer.status, answer.body.code]).toEqual([409, code])
    expect(answer.body.remedy).toContain(remedy)
  })

  test('Stopped → session_stopped', async () => {
    await world.addSession(acme, 'stopped', 'Stopped')
    const answer = await world.call(acme, 'POST /v1/sessions/stopped/messages', { body: { to, text: 'x' } })
    expect([answer.status, answer.body.code]).toEqual([409, 'session_stopped'])
  })

  test.each(['Connecting', 'Disconnected', 'UsedElsewhere'])('%s takes messages', async (state) => {
    const name = `linked-${state.toLowerCase()}`
    const { id, worker } = await world.addConnected(acme, name)
    await worker.setState(id, state, { phoneNumber: '+5511999990001' })
    const answer = await world.call(acme, `POST /v1/sessions/${name}/messages`, { body: { to, text: 'x' } })
    expect(answer.status).toBe(201)
  })
})

describe('reading', () => {
  test('lists the newest first, page by page, each message once', async () => {
    const chat = '+5511999990077'
    const sent = []
    for (let i = 0; i < 7; i++) sent.push((await send({ to: chat, text: `message ${i}` })).body.id)
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await world.call(acme, `GET ${MESSAGES}?chat=%2B5511999990077&limit=3${cursor}`)
      seen.push(...page.body.data.map((message: { id: string }) => message.id))
      cursor = page.body.nextCursor === null ? '' : `&cursor=${page.body.nextCursor}`
    } while (cursor)
    expect(seen).toEqual(sent.reverse())
  })

  test('shows what was received and filters', async () => {
    const sentAt = new Date('2026-01-05T10:00:00Z')
    const chat = '5511999990088@s.whatsapp.net'
    await worker.write(session, {
      received: [
        {
          ciphertextHash: 'hash',
          message: {
            id: randomUUID(),
            chat,
            whatsappId: 'ABC',
            fromMe: false,
            senderPhone: '+5511999990088',
            senderName: 'Ana',
            type: 'text',
            content: { text: 'Hi!' },
            status: 'received',
            sentAt,
          },
        },
      ],
    })
    const incoming = await world.call(acme, `GET ${MESSAGES}?direction=incoming&status=received`)
    expect(incoming.body.data).toHaveLength(1)
    expect(incoming.body.data[0]).toMatchObject({
      chat,
      direction: 'incoming',
      fromMe: false,
      from: { phoneNumber: '+5511999990088', name: 'Ana' },
      text: 'Hi!',
      status: 'received',
      sentAt: sentAt.toISOString(),
    })
    const count = async (query: string) =>
      (await world.call(acme, `GET ${MESSAGES}?chat=${encodeURIComponent(chat)}&${query}`)).body.data.length
    expect(await count('direction=outgoing')).toBe(0)
    expect(await count('after=2020-01-01T00:00:00Z')).toBe(1)
    expect(await count('before=2020-01-01T00:00:00Z')).toBe(0)
    expect(await count(`after=${encodeURIComponent('2099-01-01T00:00:00+02:00')}`)).toBe(0)
  })

  test.each(['limit=0', 'limit=101', 'cursor=nonsense', 'after=yesterday', 'status=gone', 'chat=me', 'session=x'])(
    'names what is wrong with ?%s',
    async (query) => {
      const answer = await world.call(acme, `GET ${MESSAGES}?${query}`)
      expect(answer.status).toBe(422)
      expect(answer.body.errors[0].field).toBe(`query.${query.split('=')[0]}`)
    },
  )

  test.each([randomUUID(), 'nonsense', '%00'])('does not find message %s', async (id) => {
    const answer = await world.call(acme, `GET ${MESSAGES}/${id}`)
    expect([answer.status, answer.body.code]).toEqual([404, 'message_not_found'])
  })
})

describe('logging out', () => {
  test('is a command that the owner carries out; a second request is the same command', async () => {
    const { id, worker } = await world.addConnected(acme, 'leaving')
    const first = await world.call(acme, 'POST /v1/sessions/leaving/logout')
    const second = await world.call(acme, 'POST /v1/sessions/leaving/logout')
    expect([first.status, first.body.kind, first.body.status]).toEqual([202, 'logout', 'queued'])
    expect(second.body.id).toBe(first.body.id)
    await expect.poll(() => worker.calls).toContain(`POST /sessions/${id}/wake`)
    await worker.runCommands(id)
    const after = await world.call(acme, `GET /v1/sessions/leaving/commands/${first.body.id}`)
    expect(after.body).toMatchObject({ status: 'done', session: 'leaving' })
    expect(after.body.finishedAt).toBeDefined()
  })

  test('needs something to log out', async () => {
    await world.addSession(acme, 'fresh')
    const answer = await world.call(acme, 'POST /v1/sessions/fresh/logout')
    expect([answer.status, answer.body.code]).toEqual([409, 'session_not_linked'])
  })
})
