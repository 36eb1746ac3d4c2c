/** Files, through a worker and the media host: each kind both ways, one that had expired, and an owner that ends half-way. */
import { createHash, randomBytes } from 'node:crypto'
import { FolderStore } from '@berth/core/media/folder.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { MessageRow, TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

const [SHOP, ANA] = ['5511900000001', '5511911111111'] as const

describe('a file', () => {
  let world: World
  let worker: TestWorker
  let group: string
  let shop: TestSession

  beforeAll(async () => {
    world = await World.start()
    for (const number of [SHOP, ANA]) await world.whatsapp.createPhone({ number, name: `Name ${number}` })
    group = (await world.whatsapp.createGroup({ subject: 'All', members: [ANA, SHOP] })).id
    worker = await world.startWorker()
    shop = await world.addSession('shop')
    await shop.place(worker)
    await shop.link(worker, SHOP)
  })
  afterAll(() => world.close())
  afterEach(async () => {
    expect(await world.whatsapp.faults()).toEqual([])
  })

  const messageOf = (whatsappId: string) =>
    until(async () => (await shop.messages()).find((row) => row.whatsapp_id === whatsappId))
  /** Its row, when its file is stored, or has failed. */
  const settled = (whatsappId: string): Promise<MessageRow> =>
    until(async () => {
      const row = await messageOf(whatsappId)
      return row.content.media?.status === 'pending' ? undefined : row
    })
  const stored = async (id: string, store: MediaStore = world.media): Promise<Buffer> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of (await store.get(id))!) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

  test.each([
    ['image', { caption: 'look' }, 'image', { mimeType: 'image/jpeg', caption: 'look' }],
    ['video', { seconds: 7 }, 'video', { mimeType: 'video/mp4', seconds: 7 }],
    ['voice', { seconds: 3 }, 'voice', { mimeType: 'audio/ogg; codecs=opus', seconds: 3 }],
    ['audio', {}, 'audio', { mimeType: 'audio/mpeg' }],
    ['document', { fileName: 'a.pdf', mimetype: 'application/pdf' }, 'document', { fileName: 'a.pdf' }],
    ['sticker', {}, 'sticker', { mimeType: 'image/webp' }],
  ] as const)('that came is stored: %s', async (kind, more, type, shown) => {
    const file = randomBytes(70_000)
    const to = kind === 'image' ? group : SHOP
    const id = await world.whatsapp.send(ANA, { to, kind, data: file.toString('base64'), ...more })
    const row = await settled(id)
    expect(row.type).toBe(type)
    expect(row.content.media).toMatchObject({ status: 'stored', size: file.length, sha256: sha256(file), ...shown })
    expect((await stored(row.content.media!.id!)).equals(file)).toBe(true)
  })

  test.each([
    ['image', { caption: 'here' }, 'image'],
    ['video', { seconds: 7 }, 'video'],
    ['gif', {}, 'video'],
    ['round_video', {}, 'video'],
    ['voice', { seconds: 3 }, 'voice'],
    ['audio', {}, 'audio'],
    ['document', { fileName: 'a.pdf' }, 'document'],
    ['sticker', {}, 'sticker'],
  ] as const)('is sent: %s', async (type, more, kind) => {
    const file = randomBytes(type === 'document' ? 2_000_000 : 5_000)
    const mimeType = 'application/octet-stream'
    const to = type === 'image' ? group : ANA
    const media = { id: await shop.addMedia(file, mimeType), mimeType, ...more }
    const { whatsappId } = await shop.addMessage(to, { type, media })
    await world.call(worker, `POST /sessions/${shop.id}/wake`, {})
    const chat = type === 'image' ? group : SHOP
    const shown = await until(async () =>
      (await world.whatsapp.messages(ANA, chat)).find((message) => message.id === whatsappId),
    )
    expect(shown.kind).toBe(kind)
    expect((await world.whatsapp.media(ANA, chat, whatsappId)).bytes.equals(file)).toBe(true)
  })

  test('is the same one when its message goes out again', async () => {
    const media = { id: await shop.addMedia(randomBytes(1000), 'image/png'), mimeType: 'image/png' }
    const { whatsappId } = await shop.addMessage(ANA, { type: 'image', media })
    await world.call(worker, `POST /sessions/${shop.id}/wake`, {})
    await until(async () => (await messageOf(whatsappId)).status === 'delivered' || undefined)
    const { source } = (await messageOf(whatsappId)).content
    await world.whatsapp.requestAgain(ANA, SHOP, whatsappId)
    const { whatsappId: after } = await shop.addSend(ANA, 'after it')
    await until(async () => (await messageOf(after)).status === 'delivered' || undefined)
    expect((await messageOf(whatsappId)).content.source).toEqual(source)
  })

  test('that was deleted before it was sent fails its message', async () => {
    const media = { id: '019b8a41-2d3e-7b4c-8d5e-6f7a8b9c0d1e', mimeType: 'image/png' }
    const { whatsappId } = await shop.addMessage(ANA, { type: 'image', media })
    await world.call(worker, `POST /sessions/${shop.id}/wake`, {})
    const row = await until(async () => {
      const message = await messageOf(whatsappId)
      return message.status === 'failed' ? message : undefined
    })
    expect(row.error_code).toBe('media_not_found')
  })

  test('that its owner was fetching when it ended is fetched by the next one, though it has expired meanwhile', async () => {
    const began = Promise.withResolvers<void>()
    /** Its disk is full of patience. */
    class StuckStore extends FolderStore {
      override async put(): Promise<never> {
        began.resolve()
        return new Promise(() => {})
      }
    }
    const stuck = await world.startWorker(undefined, { media: new StuckStore(world.dataDir) })
    await shop.place(stuck)
    await until(async () => (await world.call(stuck, `GET /sessions/${shop.id}`)).status === 200 || undefined)
    await shop.untilState('Connected')
    const file = randomBytes(10_000)
    const id = await world.whatsapp.send(ANA, { to: SHOP, kind: 'image', data: file.toString('base64') })
    await began.promise
    expect((await messageOf(id)).content.media).toMatchObject({ status: 'pending' })
    await world.whatsapp.expireMedia(SHOP, ANA, id)
    await world.revoke(stuck)
    await stuck.dead
    await shop.place(worker)
    const row = await settled(id)
    expect(row.content.media).toMatchObject({ status: 'stored', sha256: sha256(file) })
    expect((await stored(row.content.media!.id!)).equals(file)).toBe(true)
  })
})
