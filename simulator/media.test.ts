// Files with the unmodified Baileys, which reaches the media host by https: from phones to a device, and back.
import { randomBytes } from 'node:crypto'
import { request as send } from 'node:http'
import {
  type AnyMessageContent,
  downloadContentFromMessage,
  downloadMediaMessage,
  type proto,
  type WAMessage,
} from '@whiskeysockets/baileys'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { MAXIMUM_FILE, uploadName } from './media/host.ts'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const shop = '5511900000001'
const ana = '5511911111111'
const jid = `${ana}@s.whatsapp.net`
const file = randomBytes(70_000)
const data = file.toString('base64')
let world: World
let client: TestClient
let group: string

beforeAll(async () => {
  world = await World.start({ Shop: shop, Ana: ana })
  group = (await world.api.createGroup({ subject: 'Pictures', members: [ana, shop] })).id
  client = await world.linked(shop)
})

afterAll(() => world.stop())

const download = (message: WAMessage) => downloadMediaMessage(message, 'buffer', {})
const shownAtAna = (id: string, chat = shop) =>
  until(async () => (await world.api.messages(ana, chat)).find((message) => message.id === id), `message ${id}`)
/** A file without a preview, which Baileys would make with other programs. */
const plain = { jpegThumbnail: '', seconds: 3, waveform: new Uint8Array(64) }

it.each([
  ['image', { caption: 'look' }, 'imageMessage', { mimetype: 'image/jpeg', caption: 'look' }],
  ['video', { seconds: 7 }, 'videoMessage', { mimetype: 'video/mp4', seconds: 7 }],
  ['voice', { seconds: 3 }, 'audioMessage', { mimetype: 'audio/ogg; codecs=opus', seconds: 3, ptt: true }],
  ['audio', { mimetype: 'audio/wav' }, 'audioMessage', { mimetype: 'audio/wav' }],
  ['document', { fileName: 'a.pdf', mimetype: 'application/pdf' }, 'documentMessage', { fileName: 'a.pdf' }],
  ['sticker', {}, 'stickerMessage', { mimetype: 'image/webp' }],
] as const)('a phone sends a file: %s', async (kind, more, field, fields) => {
  const id = await world.api.send(ana, { to: kind === 'image' ? group : shop, kind, data, ...more })
  const message = await client.message(id)
  expect(message.message?.[field]).toMatchObject(fields)
  expect((await download(message)).equals(file)).toBe(true)
})

it.each([
  ['image', { image: file, caption: 'here', ...plain }, { text: 'here', media: { mimetype: 'image/jpeg' } }],
  ['video', { video: file, ...plain }, { text: '[video]', media: { mimetype: 'video/mp4' } }],
  ['voice', { audio: file, ptt: true, ...plain }, { text: '[voice]', media: { seconds: 3 } }],
  ['audio', { audio: file, ...plain }, { text: '[audio]' }],
  ['document', { document: file, mimetype: 'text/html', fileName: 'a.html' }, { media: { fileName: 'a.html' } }],
  ['sticker', { sticker: file }, { media: { mimetype: 'image/webp' } }],
] as const)('the device sends a file: %s', async (kind, content, shown) => {
  const chat = kind === 'image' ? group : shop
  const sent = await client.socket.sendMessage(kind === 'image' ? group : jid, content as unknown as AnyMessageContent)
  const id = sent!.key.id!
  expect(await shownAtAna(id, chat)).toMatchObject({ kind, ...shown })
  const { mimetype, bytes } = await world.api.media(ana, chat, id)
  expect(bytes.equals(file)).toBe(true)
  expect((await shownAtAna(id, chat)).media).toMatchObject({ bytes: file.length, mimetype })
})

it('gives a part of a file', async () => {
  const { message } = await client.message(await world.api.send(ana, { to: shop, kind: 'video', data }))
  const { mediaKey, directPath, url } = message!.videoMessage!
  const where = { mediaKey: mediaKey!, directPath: directPath!, url: url! }
  const part = await downloadContentFromMessage(where, 'video', { startByte: 1000, endByte: 30_000 })
  const chunks: Buffer[] = []
  for await (const chunk of part) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).equals(file.subarray(1000, 30_000))).toBe(true)
})

it('keeps files through a restart', async () => {
  const message = await client.message(await world.api.send(ana, { to: shop, kind: 'image', data }))
  await world.restart()
  await client.closed()
  client = await world.login(client.auth)
  expect((await download(message)).equals(file)).toBe(true)
})

it('uploads an expired file again when a device asks for it', async () => {
  // Baileys takes the host of the new upload from its media connection.
  await client.socket.refreshMediaConn()
  for (const to of [shop, group]) {
    const id = await world.api.send(ana, { to, kind: 'image', data: randomBytes(100).toString('base64') })
    const message = await client.message(id)
    const before = await download(message)
    await world.api.expireMedia(shop, to === shop ? ana : group, id)
    await expect(download(message)).rejects.toMatchObject({ output: { statusCode: 410 } })
    expect((await download(await client.socket.updateMediaMessage(message))).equals(before)).toBe(true)
  }
})

it('says so when it cannot upload a file again', async () => {
  const message = await client.message(await world.api.send(ana, { to: shop, kind: 'image', data }))
  const unknown = { ...message, key: { ...message.key, id: 'NEVERSENT' } }
  await expect(client.socket.updateMediaMessage(unknown)).rejects.toMatchObject({ output: { statusCode: 404 } })
})

it('serves a file that anybody may have made so that it runs nothing', async () => {
  const html = { document: Buffer.from('<script>alert(1)</script>'), mimetype: 'text/html', fileName: 'a.html' }
  const id = (await client.socket.sendMessage(jid, html))!.key.id!
  await shownAtAna(id)
  const { headers } = await fetch(`${world.simulator.url}/v1/phones/${ana}/chats/${shop}/messages/${id}/media`)
  expect(headers.get('content-security-policy')).toContain('sandbox')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})

it('leaves no fault', async () => {
  await until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
  expect(await world.api.faults()).toEqual([])
})

it('bad-media: a message whose file was never uploaded, and one that is another than it says', async () => {
  const { message } = (await client.socket.sendMessage(jid, { image: file, ...plain }))!
  const { imageMessage } = message!
  const relay = (changed: proto.Message.IImageMessage) =>
    client.socket.relayMessage(jid, { imageMessage: { ...imageMessage, ...changed } }, {})
  const missing = await relay({ fileEncSha256: randomBytes(32) })
  await shownAtAna(missing)
  expect(await world.api.faults('bad-media')).toMatchObject([{ message: missing, number: shop }])
  await expect(world.api.media(ana, shop, missing)).rejects.toMatchObject({ code: 'media_gone' })
  await world.api.clearFaults()
  for (const change of [{ fileSha256: randomBytes(32) }, { mediaKey: randomBytes(32) }]) {
    const id = await relay(change)
    await shownAtAna(id)
    await expect(world.api.media(ana, shop, id)).rejects.toMatchObject({ code: 'media_damaged' })
    expect(await world.api.faults('bad-media')).toMatchObject([{ message: id, number: shop }])
    await world.api.clearFaults()
  }
  const text = await world.api.sendText(ana, shop, 'no file')
  await expect(world.api.media(ana, shop, text)).rejects.toMatchObject({ code: 'no_media' })
})

it('takes uploads from devices that it invited, of the size it said, under their hash', async () => {
  const media = await client.socket.refreshMediaConn(true)
  expect(media.hosts).toEqual([{ hostname: new URL(world.simulator.url).host, maxContentLengthBytes: MAXIMUM_FILE }])
  const upload = (name: string, auth: string) => {
    const url = `${world.simulator.url}/mms/image/${name}?auth=${encodeURIComponent(auth)}`
    return fetch(url, { method: 'POST', body: file, headers: { 'content-type': 'application/octet-stream' } })
  }
  const name = uploadName(file)
  expect((await upload(name, media.auth.replace(shop, ana))).status).toBe(401)
  expect((await upload(name, '')).status).toBe(401)
  expect((await upload(name, media.auth)).status).toBe(200)
  expect((await upload(uploadName(Buffer.from('x')), media.auth)).status).toBe(422)
  expect(await world.api.faults('bad-media')).toHaveLength(1)
  const headers = { 'content-type': 'application/octet-stream', 'content-length': MAXIMUM_FILE + 1 }
  const tooMuch = send(`${world.simulator.url}/mms/image/${name}`, { method: 'POST', headers })
  const status = new Promise((resolve, reject) => {
    tooMuch.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject)
  })
  tooMuch.flushHeaders()
  expect(await status).toBe(413)
  tooMuch.destroy()
})
