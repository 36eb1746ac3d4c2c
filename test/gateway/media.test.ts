/** Files at the gateway: uploaded, read whole and in part, linked to, deleted; and nobody else's. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { request as rawRequest } from 'node:http'
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
  world = await World.start()
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
  const { rows } = await asOwner(world.gatewayDb, 'SELECT id FROM media UNION SELECT id FROM media_garbage')
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
