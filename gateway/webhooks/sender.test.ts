/** Receivers that hang, lie and break off: each costs its own attempt, and nothing else. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { Sender } from './sender.ts'
import { problemOf } from './targets.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nconnection: keep-alive\r\n'
const sender = new Sender({ targets: 'anywhere', connectMs: 20_000, wholeMs: 20_000 })
/** For those that never answer: what they do is decided, however long one waits. */
const hasty = new Sender({ targets: 'anywhere', connectMs: 20_000, wholeMs: 200 })
/** For one that answers at once and does not end. */
const patient = new Sender({ targets: 'anywhere', connectMs: 20_000, wholeMs: 4_000 })
const strict = new Sender({ targets: 'http' })
const servers: Server[] = []
const sockets = new Set<Socket>()

afterAll(() => {
  for (const one of [sender, hasty, patient, strict]) one.close()
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
})

/** A server that does this with each connection. Answers its URL. */
async function serve(take: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    take(socket)
  })
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const onRequest = (reply: (socket: Socket) => void) => (socket: Socket) => {
  socket.on('data', () => reply(socket))
}

const send = (url: string, by = sender) => by.send(url, { 'webhook-id': '1' }, '{}')

describe('an attempt', () => {
  test('goes over a kept connection, and says how it was answered', async () => {
    let connections = 0
    const url = await serve((socket) => {
      connections++
      socket.on('data', () => socket.write(`${HEAD}content-length: 2\r\n\r\nok`))
    })
    for (const _ of [1, 2, 3]) {
      expect(await send(url)).toMatchObject({ succeeded: true, attempt: { status: 200, answer: 'ok' } })
    }
    expect(connections).toBe(1)
  })

  test('is made anew when a kept connection was closed in that moment', async () => {
    let connections = 0
    const url = await serve((socket) => {
      const isFirst = connections++ === 0
      let requests = 0
      socket.on('data', () => {
        if (isFirst && ++requests === 2) socket.resetAndDestroy()
        else socket.write(`${HEAD}content-length: 0\r\n\r\n`)
      })
    })
    expect(await send(url)).toMatchObject({ succeeded: true })
    expect(await send(url)).toMatchObject({ succeeded: true })
    expect(connections).toBe(2)
  })

  test.each([
    ['does not answer', () => {}, hasty, 'No answer came in time'],
    [
      'begins an answer and goes no further',
      (socket: Socket) => socket.write('HTTP/1.1 200'),
      hasty,
      'No answer came in time',
    ],
    [
      'resets the connection',
      (socket: Socket) => socket.resetAndDestroy(),
      sender,
      'The server could not be reached, or broke off',
    ],
    ['hangs up', (socket: Socket) => socket.end(), sender, 'The server could not be reached, or broke off'],
    [
      'speaks another language',
      (socket: Socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'),
      sender,
      'The answer was no HTTP',
    ],
  ])('that %s has failed', async (_, reply, by, error) => {
    const url = await serve(onRequest(reply))
    expect(await send(url, by)).toMatchObject({ succeeded: false, attempt: { error } })
  })

  test('is not answered without end: gigabytes, drips and lies about the length cost a part of it', async () => {
    let written = 0
    const endless = await serve(
      onRequest((socket) => {
        socket.write(`${HEAD}content-length: 10000000000\r\n\r\n`)
        const more = () => {
          while (!socket.destroyed && socket.write('x'.repeat(65_536))) written += 65_536
        }
        socket.on('drain', more)
        more()
      }),
    )
    const { attempt } = await send(endless)
    expect(attempt).toMatchObject({ status: 200, answer: 'x'.repeat(1024) })
    await expect.poll(() => [...sockets].every((socket) => socket.destroyed || socket.bytesWritten < 1e6)).toBe(true)
    expect(written).toBeLessThan(1e8)

    const dripping = await serve(onRequest((socket) => socket.write(`${HEAD}content-length: 100\r\n\r\ndrip`)))
    expect((await send(dripping, patient)).attempt).toMatchObject({ status: 200, answer: 'drip' })
    const lying = await serve(onRequest((socket) => socket.end(`${HEAD}content-length: 100\r\n\r\nshort`)))
    expect((await send(lying)).attempt).toMatchObject({ status: 200, answer: 'short' })
  })

  test('follows no redirect', async () => {
    let asked = 0
    const inside = await serve(onRequest(() => asked++))
    const url = await serve(
      onRequest((socket) => socket.end(`HTTP/1.1 307 Moved\r\nlocation: ${inside}\r\ncontent-length: 0\r\n\r\n`)),
    )
    expect(await send(url)).toMatchObject({ succeeded: false, attempt: { status: 307 } })
    expect(asked).toBe(0)
  })

  test('needs TLS that can be trusted', async () => {
    const url = (await serve((socket) => socket.on('data', () => socket.end('no TLS')))).replace('http:', 'https:')
    const { succeeded, attempt } = await send(url)
    expect([succeeded, attempt.error]).toEqual([false, expect.stringMatching(/^TLS failed|broke off/)])
  })

  test.each([
    'http://127.0.0.1:9/',
    'http://[::1]:9/',
    'http://localhost:9/',
    'http://169.254.169.254/',
    'http://0x7f.1/',
  ])('to %s goes out of no installation that others use', async (url) => {
    expect((await send(url, strict)).attempt.error).toBe('The address is not one of the public Internet')
  })
})

test.each([
  ['https', 'https://example.com/hook', true],
  ['https', 'http://example.com/hook', false],
  ['https', 'https://10.0.0.1/', false],
  ['https', 'https://user:secret@example.com/', false],
  ['https', 'ftp://example.com/', false],
  ['https', 'nonsense', false],
  ['https', `https://example.com/${'x'.repeat(3000)}`, false],
  ['http', 'http://example.com/', true],
  ['http', 'http://[::ffff:127.0.0.1]/', false],
  ['anywhere', 'http://127.0.0.1:3000/', true],
  ['anywhere', 'file:///etc/passwd', false],
] as const)('where %s may be told: %s: %s', (targets, url, allowed) => {
  expect(problemOf(targets, url) === undefined).toBe(allowed)
})
