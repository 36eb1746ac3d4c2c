/** Files at the gateway: uploaded, read whole and in part, linked to, deleted; and nobody else's. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { createServer, request as rawRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Berth } from '@berth/client'
import { FolderStore } from '@berth/core/media/folder.ts'
import { createLogger } from '@berth/core/telemetry/log.ts'
import { MediaJanitor } from '@berth/gateway/media/janitor.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asOwner } from '../postgres/as-owner.ts'
import { type TestTenant, World } from './world.ts'

const file = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(300_000)])
let world: World
let acme: TestTenant
let other: TestTenant
let janitor: MediaJanitor

beforeAll(async () => {
  world = await World.start({ filesFrom: '127.0.0.1' })
  acme = await world.addTenant('acme', { tier: 'basic' })
  other = await world.addTenant('other')
  const log = createLogger('gateway')
  log.level = 'silent'
  janitor = new MediaJanitor(world.gatewayDb, new FolderStore(world.mediaFolder), log)
})
afterAll(() => world.close())

/** Whatever lies in the store, finished or not. */
async function files(): Promise<string[]> {
  const entries = await readdir(world.mediaFolder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

const clientOf = ({ key }: TestTenant) => new Berth({ url: world.url, apiKey: key })
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

test('a file is uploaded and read: all of it, a part of it, by a link', async () => {
  const client = clientOf(acme)
  const uploaded = await client.uploadMedia(new Blob([file], { type: 'image/png' }), { fileName: 'Invoice é.pdf' })
  expect(uploaded).toMatchObject({
    mimeType: 'application/pdf',
    size: file.length,
    sha256: createHash('sha256').update(file).digest('hex'),
    fileName: 'Invoice é.pdf',
  })
  const whole = await client.getMedia(uploaded.id)
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'content-type': 'application/pdf',
    'content-length': String(file.length),
    'content-disposition': `attachment; filename="Invoice _.pdf"; filename*=UTF-8''Invoice%20%C3%A9.pdf`,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  })
  expect((await bytesOf(whole)).equals(file)).toBe(true)

  const { url, expiresAt } = await client.createMediaLink(uploaded.id, { seconds: 60 })
  expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000)
  const part = await fetch(world.url + url, { headers: { range: 'bytes=1000-1999' } })
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 1000-1999/${file.length}`])
  expect(await bytesOf(part)).toEqual(file.subarray(1000, 2000))
  const beyond = await fetch(world.url + url, { headers: { range: `bytes=${file.length}-` } })
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${file.length}`])

  // Nobody else's, by whatever way.
  for (const request of [`GET /v1/media/${uploaded.id}`, `DELETE /v1/media/${uploaded.id}`]) {
    expect((await world.call(other, request)).body.code).toBe('media_not_found')
  }
  const otherLink = await world.call(other, `POST /v1/media/${uploaded.id}/links`, { body: {} })
  expect(otherLink.body.code).toBe('media_not_found')
  const changed = await world.call(undefined, `GET ${url.slice(0, -3)}AAA`)
  expect(changed.body.code).toBe('media_link_invalid')

  await client.deleteMedia(uploaded.id)
  expect((await world.call(acme, `GET /v1/media/${uploaded.id}`)).body.code).toBe('media_not_found')
  expect((await world.call(undefined, `GET ${url}`)).body.code).toBe('media_link_invalid')
  expect(await files()).toEqual([uploaded.id])
  await janitor.tidy(new Date())
  expect(await files()).toEqual([])
})

test('a file larger than the tier allows is refused, whether its length was said or not', async () => {
  const limit = 16 * 1024 * 1024
  const send = (headers: Record<string, string | number>, chunks: Buffer[]) =>
    new Promise<number>((resolve, reject) => {
      const request = rawRequest(`${world.url}/v1/media`, {
        method: 'POST',
        headers: { authorization: `Bearer ${acme.key}`, ...headers },
      })
      request.on('response', (response) => {
        resolve(response.statusCode!)
        request.destroy()
      })
      request.on('error', reject) // destroyed: nobody listens any more
      const next = () => {
        for (let chunk = chunks.pop(); chunk; chunk = chunks.pop()) if (!request.write(chunk)) return
        if (!headers['content-length']) request.end()
      }
      request.on('drain', next)
      request.flushHeaders()
      next()
    })
  expect(await send({ 'content-length': limit + 1 }, [])).toBe(413)
  expect(
    await send(
      {},
      Array.from({ length: 17 }, () => Buffer.alloc(1024 * 1024)),
    ),
  ).toBe(413)
  await expect.poll(files).toEqual([])
})

test('one whose sender went away leaves nothing, and what a killed gateway left is tidied up', async () => {
  const request = rawRequest(`${world.url}/v1/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${acme.key}` },
  })
  request.on('error', () => {})
  request.write(randomBytes(100_000))
  await expect.poll(files).toHaveLength(1)
  request.destroy()
  await expect.poll(files).toEqual([])

  await asOwner(
    world.gatewayDb,
    `INSERT INTO media (id, tenant_id, status, mime_type) VALUES ('${randomUUID()}', '${acme.id}', 'pending', 'text/plain')`,
  )
  await janitor.tidy(new Date(Date.now() + 2 * 3_600_000))
  const { rows } = await asOwner(
    world.gatewayDb,
    'SELECT id FROM media UNION SELECT id FROM media_garbage WHERE forgotten_at IS NULL',
  )
  expect(rows).toEqual([])
})

test('one that is not there, is on its way, or failed says so', async () => {
  const session = await world.addSession(acme, 'support')
  const add = async (status: string, message: string | null) => {
    const id = randomUUID()
    await asOwner(
      world.gatewayDb,
      `INSERT INTO media (id, tenant_id, session_id, status, mime_type, error_message)
       VALUES ('${id}', '${acme.id}', '${session}', '${status}', 'image/png', ${message && `'${message}'`})`,
    )
    return world.call(acme, `GET /v1/media/${id}`)
  }
  const pending = await add('pending', null)
  expect([pending.status, pending.body.code, pending.headers.get('retry-after')]).toEqual([503, 'media_pending', '2'])
  const failed = await add('failed', 'WhatsApp has the file no more.')
  expect([failed.status, failed.body.code, failed.body.detail]).toEqual([
    410,
    'media_failed',
    'WhatsApp has the file no more.',
  ])
  expect((await world.call(acme, 'GET /v1/media/nonsense')).body.code).toBe('media_not_found')
  expect((await world.call(undefined, 'GET /v1/media/nonsense')).body.code).toBe('api_key_missing')
})

test('a message carries a file: an uploaded one, or one that is fetched from its address, once', async () => {
  const { worker } = await world.addConnected(acme, 'sales')
  const client = clientOf(acme)
  const uploaded = await client.uploadMedia(new Blob([file]), { fileName: 'invoice.pdf' })
  const to = '+5511999990002'
  const document = await client.sendMessage('sales', {
    type: 'document',
    to,
    media: { id: uploaded.id, caption: 'Here it is' },
  })
  expect(document).toMatchObject({
    type: 'document',
    media: {
      id: uploaded.id,
      mimeType: 'application/pdf',
      size: file.length,
      fileName: 'invoice.pdf',
      caption: 'Here it is',
    },
  })

  let asked = 0
  const picture = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), randomBytes(5000)])
  const server = createServer((request, response) => {
    asked++
    if (request.url === '/inside') response.writeHead(302, { location: 'http://127.0.0.2/' }).end()
    else response.setHeader('content-type', 'text/html').end(picture)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const image = { type: 'image', to, media: { url: `${base}/cat.jpg` } } as const
  const sent = await client.sendMessage('sales', image, { idempotencyKey: 'cat' })
  expect(sent.media).toMatchObject({ mimeType: 'image/jpeg', size: picture.length, fileName: 'cat.jpg' })
  expect(await client.sendMessage('sales', image, { idempotencyKey: 'cat' })).toMatchObject({ id: sent.id })
  expect(asked).toBe(1)
  expect((await bytesOf(await client.getMedia(sent.media!.id!))).equals(picture)).toBe(true)

  const refused = async (body: unknown) => (await world.call(acme, 'POST /v1/sessions/sales/messages', { body })).body
  expect(await refused({ ...image, media: { url: `${base}/inside` } })).toMatchObject({
    code: 'media_url_failed',
    detail: 'The address is not one of the public Internet.',
  })
  expect((await refused({ ...image, media: { url: 'file:///etc/passwd' } })).code).toBe('validation_failed')
  expect((await refused({ ...image, media: {} })).code).toBe('validation_failed')
  expect((await refused({ ...image, media: { id: randomUUID() } })).code).toBe('media_not_found')
  expect(await refused({ ...image, media: { id: uploaded.id } })).toMatchObject({
    code: 'validation_failed',
    errors: [{ field: 'body.media' }],
  })
  const otherSession = await world.addConnected(other, 'theirs')
  const stolen = await world.call(other, 'POST /v1/sessions/theirs/messages', {
    body: { ...image, media: { id: uploaded.id } },
  })
  expect(stolen.body.code).toBe('media_not_found')

  // What a received message says of its file, and nothing of where WhatsApp has it.
  const session = (await world.call(acme, 'GET /v1/sessions/sales')).body.id
  const mediaId = randomUUID()
  const source = { directPath: '/v/secret', mediaKey: 'c2VjcmV0' }
  await worker.write(session, {
    received: [
      {
        ciphertextHash: 'hash',
        message: {
          id: randomUUID(),
          chat: '5511999990002@s.whatsapp.net',
          whatsappId: 'ABC',
          fromMe: false,
          type: 'image',
          content: { media: { id: mediaId, status: 'pending', mimeType: 'image/jpeg' }, source },
          status: 'received',
          sentAt: new Date(),
        },
      },
    ],
  })
  const list = await world.call(acme, 'GET /v1/sessions/sales/messages?direction=incoming')
  expect(list.body.data).toMatchObject([{ type: 'image', media: { id: mediaId, status: 'pending' } }])
  expect(list.text).not.toContain('secret')
  expect((await world.call(acme, `GET /v1/media/${mediaId}`)).body.code).toBe('media_pending')
  await Promise.all([otherSession.worker.stop(), worker.stop(), new Promise((resolve) => server.close(resolve))])
})
