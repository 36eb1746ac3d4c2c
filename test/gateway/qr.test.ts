import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant
let name: string
let session: string
let owner: FakeWorker
let next = 1

beforeAll(async () => {
  world = await World.start({ holds: { firstQrMs: 5000 } })
  acme = await world.addTenant('acme')
})
afterAll(() => world.close())

beforeEach(async () => {
  name = `session-${next++}`
  session = await world.addSession(acme, name)
  owner = await world.startWorker()
  await owner.claim(session, 1)
  await owner.setState(session, 'WaitingForScan')
})

const get = (accept: string) => world.call(acme, `GET /v1/sessions/${name}/qr`, { headers: { accept } })

describe('the code', () => {
  test.each([
    ['*/*', 'image/svg+xml', /^<svg/],
    ['text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8', 'image/svg+xml', /^<svg/],
    ['image/png', 'image/png', /PNG/],
    ['text/plain', 'text/plain', /^[ ▀▄█\n]+\n2@secret\n$/],
    ['application/json', 'application/json', /"qr":"2@secret"/],
  ])('for %s is %s', async (accept, type, content) => {
    owner.offer(session, '2@secret')
    const answer = await get(accept)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain(type)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('qr-number')).toBe('1')
    expect(answer.text).toMatch(content)
  })

  test('is waited for', async () => {
    const pending = get('application/json')
    await expect.poll(() => owner.calls.length).toBeGreaterThan(0)
    owner.offer(session, '2@later')
    expect((await pending).body).toMatchObject({ qr: '2@later', number: 1 })
  })

  test('no format that fits', async () => {
    expect((await get('application/pdf')).body.code).toBe('not_acceptable')
  })

  test.each([
    ['Connected', 'session_already_linked'],
    ['LoggedOut', 'session_logged_out'],
    ['Banned', 'session_banned'],
  ])('of a session that is %s: %s', async (state, code) => {
    await owner.setState(session, state, { phoneNumber: '+5511999990001' })
    const answer = await get('*/*')
    expect([answer.status, answer.body.code]).toEqual([409, code])
  })

  test('of a stopped session: session_stopped', async () => {
    await world.operatorDb.query(`UPDATE session SET desired_state = 'Stopped' WHERE id = $1`, [session])
    expect((await get('*/*')).body.code).toBe('session_stopped')
  })
})

describe('the stream', () => {
  /** Reads events one by one. */
  async function open(tenant = acme) {
    const abort = new AbortController()
    const response = await fetch(`${world.url}/v1/sessions/${name}/qr/stream`, {
      headers: { authorization: `Bearer ${tenant.key}` },
      signal: abort.signal,
    })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let buffer = ''
    return {
      response,
      close: () => abort.abort(),
      /** The next event; undefined at the end. */
      async next() {
        for (;;) {
          const end = buffer.indexOf('\n\n')
          if (end >= 0) {
            const lines = buffer.slice(0, end).split('\n')
            buffer = buffer.slice(end + 2)
            const value = (field: string) =>
              lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2)
            if (value('event')) return { event: value('event'), data: JSON.parse(value('data')!) }
            continue
          }
          const { done, value } = await reader.read()
          if (done) return undefined
          buffer += value
        }
      },
    }
  }

  test('shows state and codes, and ends when the session is connected', async () => {
    const stream = await open()
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
    expect(stream.response.headers.get('x-accel-buffering')).toBe('no')
    expect(await stream.next()).toMatchObject({ event: 'state', data: { state: 'WaitingForScan' } })
    owner.offer(session, 'first')
    expect(await stream.next()).toMatchObject({ event: 'qr', data: { qr: 'first', number: 1 } })
    owner.offer(session, 'second')
    expect(await stream.next()).toMatchObject({ event: 'qr', data: { qr: 'second', number: 2 } })
    await owner.connect(session)
    expect(await stream.next()).toMatchObject({ event: 'state', data: { state: 'Connected' } })
    expect(await stream.next()).toMatchObject({ event: 'connected', data: { phoneNumber: '+5511999990001' } })
    expect(await stream.next()).toBeUndefined()
  })

  test('survives a move: the codes of the new owner count from 1 again', async () => {
    owner.offer(session, 'old')
    const stream = await open()
    await stream.next()
    expect(await stream.next()).toMatchObject({ event: 'qr', data: { qr: 'old' } })
    await owner.kill()
    await world.revoke(owner)
    const successor = await world.startWorker()
    await successor.claim(session, 2)
    await successor.setState(session, 'WaitingForScan')
    successor.offer(session, 'new')
    const seen = []
    for (let event = await stream.next(); event; event = await stream.next()) {
      seen.push(event.event)
      if (event.event !== 'qr') continue
      expect(event.data).toMatchObject({ qr: 'new', number: 1 })
      break
    }
    expect(seen.at(-1)).toBe('qr')
    stream.close()
  })

  test('of a session that is not there is a problem', async () => {
    const answer = await world.call(acme, 'GET /v1/sessions/missing/qr/stream')
    expect([answer.status, answer.body.code]).toEqual([404, 'session_not_found'])
  })

  test('there are at most 20 of a tenant, and a closed one makes room', async () => {
    // A tenant of its own: a stream of another test may still be closing.
    const tenant = await world.addTenant('streamer')
    await world.addSession(tenant, name)
    const streams = await Promise.all(Array.from({ length: 20 }, () => open(tenant)))
    expect((await world.call(tenant, `GET /v1/sessions/${name}/qr/stream`)).body.code).toBe('too_many_streams')
    for (const stream of streams) stream.close()
    await expect
      .poll(async () => {
        const stream = await open(tenant)
        stream.close()
        return stream.response.status
      })
      .toBe(200)
  })
})
