/** What happens to a linked session's connection, and where it goes. */

import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CuttableProxy } from '../kube-client/proxy.ts'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

const CONTACT = '5511900000099'

describe("a linked session's connection", () => {
  let world: World
  let worker: TestWorker
  let session: TestSession
  let phone: string
  let next = 1
  const workers: TestWorker[] = []
  const startWorker = async (...args: Parameters<World['startWorker']>) => {
    const started = await world.startWorker(...args)
    workers.push(started)
    return started
  }

  beforeAll(async () => {
    world = await World.start()
    await world.whatsapp.createPhone({ number: CONTACT, name: 'Ana' })
    worker = await startWorker()
  })
  afterAll(() => world.close())

  beforeEach(async () => {
    phone = `55119000001${String(next).padStart(2, '0')}`
    await world.whatsapp.createPhone({ number: phone, name: `Phone ${next}` })
    session = await world.addSession(`session-${next++}`)
    await session.place(worker)
    await session.link(worker, phone)
  })
  afterEach(async () => {
    await session.place(undefined)
    expect(await world.whatsapp.faults()).toEqual([])
  })

  const device = async () => (await world.whatsapp.devices()).find((one) => one.number === phone)!
  const force = async (condition: Parameters<typeof world.whatsapp.force>[2]) =>
    world.whatsapp.force(phone, (await device()).device, condition)

  test.each(['drop', '503', '515'] as const)('%s: connects again, and goes on', async (condition) => {
    await session.addSend(CONTACT, 'before')
    await session.untilMessage('before', 'delivered')
    await force(condition)
    await session.addSend(CONTACT, 'after')
    await session.untilMessage('after', 'delivered')
    await session.untilState('Connected')
    await world.whatsapp.sendText(CONTACT, phone, 'to you')
    await session.untilMessage('to you')
  })

  test('waits for its turn where logins are paced, and says so', async () => {
    const setPace = (tokens: number, rate: number) =>
      runAsOwner(world.databaseUrl, `UPDATE berth.login_pace SET tokens = ${tokens}, rate = ${rate}`)
    await setPace(0, 0.001)
    await force('drop')
    await until(async () => ((await session.state())?.reason === 'WaitingForTurn' ? true : undefined))
    const metrics = await (await fetch(`${worker.address}/metrics`)).text()
    expect(metrics).toContain('berth_worker_logins_waiting{class="pro"} 1')
    await setPace(100, 20)
    await session.untilState('Connected')
  })

  test('removed on the phone: LoggedOut, and no further login until a higher linking attempt', async () => {
    await force('logout')
    await session.untilState('LoggedOut')
    const resource = await until(async () => {
      const found = await session.resource()
      return found.status?.connection?.state === 'LoggedOut' ? found : undefined
    })
    expect(resource.status?.conditions?.find(({ type }) => type === 'Linked')?.status).toBe('False')
    // Its next owner says so too.
    const other = await startWorker()
    await session.place(other)
    await until(async () => ((await session.state())?.epoch === 2 ? true : undefined))
    expect((await session.state())?.state).toBe('LoggedOut')
    await session.patchSpec({ linking: { attempt: 1 } })
    await session.link(other, phone)
    await session.addSend(CONTACT, 'linked again')
    await session.untilMessage('linked again', 'delivered')
  })

  test('used elsewhere (440): does not fight, and can be linked again', async () => {
    await force('replaced')
    await session.untilState('UsedElsewhere')
    expect((await device()).online).toBe(false)
    const resource = await until(async () => {
      const found = await session.resource()
      return found.status?.connection?.state === 'UsedElsewhere' ? found : undefined
    })
    expect(resource.status?.connection).toMatchObject({ reason: 'Replaced', epoch: 1 })
    await session.patchSpec({ linking: { attempt: 1 } })
    await session.link(worker, phone)
  })

  test('a logout command undoes the link, once', async () => {
    const id = await session.addCommand('logout')
    await world.call(worker, `POST /sessions/${session.id}/wake`, {})
    await until(async () => ((await session.commandStatus(id)) === 'done' ? true : undefined))
    await session.untilState('LoggedOut')
    expect(await device()).toBeUndefined()
  })

  test('Stopped closes the connection, Running opens it again without a code', async () => {
    await session.patchSpec({ desiredState: 'Stopped' })
    await session.untilState('Stopped')
    await until(async () => ((await device()).online ? undefined : true))
    await session.patchSpec({ desiredState: 'Running' })
    await session.untilState('Connected')
  })

  test('messages that waited off line are stored before those that come live', async () => {
    await session.patchSpec({ desiredState: 'Stopped' })
    await session.untilState('Stopped')
    const texts = Array.from({ length: 80 }, (_, i) => `in ${i}`)
    for (const text of texts.slice(0, 60)) await world.whatsapp.sendText(CONTACT, phone, text)
    await session.patchSpec({ desiredState: 'Running' })
    await until(async () => ((await device())?.online ? true : undefined))
    for (const text of texts.slice(60)) await world.whatsapp.sendText(CONTACT, phone, text)
    const rows = await until(async () => {
      const received = (await session.messages()).filter((row) => row.status === 'received')
      return received.length >= texts.length ? received : undefined
    })
    expect(rows.map((row) => row.content.text)).toEqual(texts)
  })

  test('a session that moves is never connected from two workers, and nothing is lost or doubled', async () => {
    const other = await startWorker()
    const sent: string[] = []
    for (let i = 0; i < 30; i++) {
      if (i === 10) await session.place(other)
      sent.push((await session.addSend(CONTACT, `out ${i}`)).whatsappId)
      await world.whatsapp.sendText(CONTACT, phone, `in ${i}`)
    }
    const rows = await until(async () => {
      const all = await session.messages()
      const done = all.filter((row) => (row.from_me ? row.status === 'delivered' : row.status === 'received'))
      return done.length >= 60 ? all : undefined
    })
    expect(rows.filter((row) => !row.from_me).map((row) => row.content.text)).toEqual(
      Array.from({ length: 30 }, (_, i) => `in ${i}`),
    )
    const shown = (await world.whatsapp.messages(CONTACT, phone)).filter((one) => one.text.startsWith('out '))
    expect(shown.map((one) => one.text)).toEqual(Array.from({ length: 30 }, (_, i) => `out ${i}`))
    const logins = (await world.whatsapp.connections({ number: phone })).filter((one) => one.loginAt)
    for (const [i, login] of logins.slice(1).entries()) {
      expect(logins[i]!.closedAt).not.toBeNull()
      expect(login.openedAt).toBeGreaterThanOrEqual(logins[i]!.closedAt!)
    }
    expect((await world.call(worker, `GET /sessions/${session.id}`)).status).toBe(421)
  })

  test('a revoked boot closes its sockets and dies; another worker goes on', async () => {
    const [doomed, heir] = [await startWorker(), await startWorker()]
    await session.place(doomed)
    await until(async () =>
      (await world.call(doomed, `GET /sessions/${session.id}`)).status === 200 ? true : undefined,
    )
    await session.untilState('Connected')
    await world.revoke(doomed)
    await session.place(heir)
    expect(await doomed.dead).toMatch(/revoked/)
    await session.addSend(CONTACT, 'from the heir')
    await session.untilMessage('from the heir', 'delivered')
  })

  test('a number without WhatsApp fails with its own code; the next message goes', async () => {
    await session.addSend('5511999999999', 'to nobody')
    await session.addSend(CONTACT, 'to somebody')
    expect(await session.untilMessage('to nobody', 'failed')).toMatchObject({ error_code: 'not_on_whatsapp' })
    await session.untilMessage('to somebody', 'delivered')
  })

  test("what the account's own phone writes is stored as ours", async () => {
    await world.whatsapp.sendText(phone, CONTACT, 'from my phone')
    expect(await session.untilMessage('from my phone')).toMatchObject({
      chat: `${CONTACT}@s.whatsapp.net`,
      from_me: true,
      status: 'sent',
    })
  })

  test('a wake that waits answers when the server has the message', async () => {
    const { id } = await session.addSend(CONTACT, 'quick')
    await world.call(worker, `POST /sessions/${session.id}/wake`, { messageId: id, wait: 10 })
    expect(['sent', 'delivered']).toContain((await session.messages()).find((row) => row.id === id)!.status)
  })

  test('without Postgres it freezes: no receipt, no send, no login, the socket open; then it goes on', async () => {
    const proxy = await CuttableProxy.start(world.databaseUrl)
    const frozen = await startWorker(undefined, { postgres: proxy.url.replace(/^https/, 'postgres') })
    await session.place(frozen)
    await until(async () => ((await session.state())?.epoch === 2 ? true : undefined))
    await session.untilState('Connected')
    await session.addSend(CONTACT, 'before')
    await session.untilMessage('before', 'delivered')
    const logins = async () => (await world.whatsapp.connections({ number: phone })).filter((one) => one.loginAt).length
    const loginsBefore = await logins()

    proxy.cut()
    const received = await world.whatsapp.sendText(CONTACT, phone, 'while frozen')
    await session.addSend(CONTACT, 'out of the cold')
    // The lease was not renewed for so long that nothing may begin.
    await until(async () => ((await fetch(`${frozen.address}/readyz`)).status === 503 ? true : undefined))
    const [ledger] = await world.whatsapp.ledgerMessages({ message: received })
    expect(ledger?.counts).toHaveProperty('sent')
    expect(ledger?.counts).not.toHaveProperty('delivered')
    expect((await session.untilMessage('out of the cold')).status).toBe('queued')
    expect((await device()).online).toBe(true)

    proxy.mend()
    await session.untilMessage('while frozen')
    await session.untilMessage('out of the cold', 'delivered')
    expect(await logins()).toBe(loginsBefore)
    expect((await session.state())?.epoch).toBe(2)
    await session.place(undefined)
    await frozen.stop()
    await proxy.close()
  })

  test('calls without the token are refused', async () => {
    expect((await fetch(`${worker.address}/sessions/${session.id}`)).status).toBe(401)
    expect((await fetch(`${worker.address}/readyz`)).status).toBe(200)
  })
})
