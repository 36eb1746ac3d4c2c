// Each fault is noticed: one of every kind is committed here, through the unmodified Baileys where that's possible.
import {
  type BinaryNode,
  encodeSignedDeviceIdentity,
  encodeWAMessage,
  parseAndInjectE2ESessions,
} from '@whiskeysockets/baileys'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { FaultKind } from './state/faults.ts'
import type { TestClient } from './testing/baileys.ts'
import { memoryAuth } from './testing/memory-auth.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const ana = '5511911111111'
const anaJid = `${ana}@s.whatsapp.net`
let world: World
let client: TestClient
let anaLid: string

beforeAll(async () => {
  world = await World.start({ Shop: shop, Ana: ana })
  client = await world.linked(shop)
  anaLid = (await world.api.phones()).find(({ number }) => number === ana)!.lid
  const id = await client.sendText(ana, 'a session to begin with')
  await until(() => client.status(id) >= 3, 'the delivered receipt')
  await client.message(await world.api.sendText(ana, shop, 'and back'))
  expect(await world.api.faults()).toEqual([])
})

afterAll(() => world.stop())
afterEach(() => world.api.clearFaults())

const send = (node: BinaryNode) => client.socket.sendNode(node)
const noticed = (kind: FaultKind) => until(async () => (await world.api.faults(kind))[0], `a fault ${kind}`)

/** A message to Ana's phone with this ciphertext. */
function messageToAna(id: string, type: 'pkmsg' | 'msg', ciphertext: Uint8Array, more: BinaryNode[] = []): BinaryNode {
  const enc = { tag: 'enc', attrs: { v: '2', type }, content: ciphertext }
  const to = { tag: 'to', attrs: { jid: anaJid }, content: [enc] }
  const participants = { tag: 'participants', attrs: {}, content: [to] }
  return { tag: 'message', attrs: { id, to: anaJid, type: 'text' }, content: [participants, ...more] }
}

const encryptToAna = (text: string) => {
  const data = encodeWAMessage({ conversation: text })
  return client.socket.signalRepository.encryptMessage({ jid: `${anaLid}@lid`, data })
}

it('unknown-stanza: a tag or a query that nobody knows', async () => {
  await send({ tag: 'strange', attrs: { id: '1' } })
  expect((await noticed('unknown-stanza')).detail).toContain('strange')
  const query = client.socket.query({ tag: 'iq', attrs: { type: 'get', xmlns: 'w:nothing', to: '@s.whatsapp.net' } })
  await expect(query).rejects.toThrow('feature-not-implemented')
  expect(await world.api.faults('unknown-stanza')).toHaveLength(2)
})

it('bad-stanza: attributes that are missing or make no sense', async () => {
  await send({ tag: 'message', attrs: { id: 'X1' } })
  await send({ tag: 'message', attrs: { id: 'undefined', to: anaJid } })
  await until(async () => (await world.api.faults('bad-stanza')).length === 2, 'both')
})

it('bad-stanza: a presence that says nothing, and typing in no chat', async () => {
  await send({ tag: 'presence', attrs: { type: 'asleep' } })
  await send({ tag: 'chatstate', attrs: { to: '120363999999999999@g.us' }, content: [{ tag: 'composing', attrs: {} }] })
  await send({ tag: 'chatstate', attrs: { to: anaJid }, content: [{ tag: 'dancing', attrs: {} }] })
  await until(async () => (await world.api.faults('bad-stanza')).length === 3, 'all of them')
})

it('bad-stanza: a code asked for with the key of another device', async () => {
  const auth = memoryAuth()
  const stranger = world.connect(auth)
  await stranger.qr()
  Object.assign(auth.creds, { noiseKey: memoryAuth().creds.noiseKey })
  const code = await stranger.socket.requestPairingCode(shop)
  expect((await noticed('bad-stanza')).detail).toContain('companion_hello')
  await expect(world.api.typeCode(shop, code)).rejects.toMatchObject({ code: 'code_expired' })
})

it('bad-frame: bytes that are no client', async () => {
  const socket = new WebSocket(world.simulator.websocketUrl)
  socket.on('open', () => socket.send('GET / HTTP/1.1'))
  await noticed('bad-frame')
})

it('before-login: a message of a device that is not linked yet', async () => {
  const stranger = world.connect()
  await stranger.qr()
  await stranger.socket.sendNode({ tag: 'message', attrs: { id: 'X2', to: anaJid, type: 'text' } })
  await stranger.socket.sendNode({ tag: 'presence', attrs: { type: 'available', name: 'Nobody' } })
  await until(async () => (await world.api.faults('before-login')).length === 2, 'both')
})

it('wrong-noise-key: somebody else logs in as the device', async () => {
  const thief = memoryAuth({ ...memoryAuth().creds, me: client.auth.creds.me! })
  expect(await world.connect(thief).closed()).toBe(401)
  expect(await noticed('wrong-noise-key')).toMatchObject({ number: shop, device: 1 })
  expect(client.socket.ws.isOpen).toBe(true)
})

it('bad-signature: a signed pre-key that the device did not sign', async () => {
  const auth = memoryAuth()
  auth.creds.signedPreKey.signature = new Uint8Array(64).fill(7)
  const forger = world.connect(auth)
  await world.api.scan(ana, await forger.qr())
  await noticed('bad-signature')
  await forger.closed()
  await world.api.force(ana, 1, 'logout')
})

it('no-recipients: a message that nobody can read', async () => {
  await send({ tag: 'message', attrs: { id: 'X3', to: anaJid, type: 'text' } })
  expect((await noticed('no-recipients')).message).toBe('X3')
})

it('decrypt-failed: a ciphertext under no known key', async () => {
  const { ciphertext } = await encryptToAna('will be damaged')
  ciphertext[ciphertext.length - 1]! ^= 1
  await send(messageToAna('X4', 'msg', ciphertext))
  expect((await noticed('decrypt-failed')).message).toBe('X4')
})

it('counter-reuse: a ratchet that went back; Ana asks again and gets the message', async () => {
  const before = new Map(client.auth.rows)
  const first = await client.sendText(ana, 'under a key')
  await until(() => client.status(first) >= 3, 'the first')
  for (const [key, value] of before) if (key.startsWith('session/')) client.auth.rows.set(key, value)
  const second = await client.sendText(ana, 'under the same key')
  const reused = () => world.api.faults('counter-reuse')
  await until(async () => (await reused()).length === 2, 'the fault at Ana and at the own phone')
  expect((await reused()).every(({ message }) => message === second)).toBe(true)
  await until(async () => (await world.api.messages(ana, shop)).at(-1)?.id === second, 'the message')
  await until(() => client.status(second) >= 3, 'the second')
})

/** Ana's keys, as the server hands them out. */
const bundleOfAna = () => {
  const user = { tag: 'user', attrs: { jid: `${anaLid}@lid` } }
  const attrs = { type: 'get', xmlns: 'encrypt', to: '@s.whatsapp.net' }
  return client.socket.query({ tag: 'iq', attrs, content: [{ tag: 'key', attrs: {}, content: [user] }] })
}

it('pre-key-reuse: a first message with a one-time key that another one used', async () => {
  const bundle = await bundleOfAna()
  const identity = encodeSignedDeviceIdentity(client.auth.creds.account!, true)
  for (const id of ['X5', 'X6']) {
    await parseAndInjectE2ESessions(bundle, client.socket.signalRepository)
    const { type, ciphertext } = await encryptToAna(id)
    await send(messageToAna(id, type, ciphertext, [{ tag: 'device-identity', attrs: {}, content: identity }]))
  }
  expect((await noticed('pre-key-reuse')).message).toBe('X6')
  expect((await world.api.messages(ana, shop)).at(-1)?.text).toBe('X5')
})

it('missing-device-identity: a first message without the proof of who wrote it', async () => {
  await parseAndInjectE2ESessions(await bundleOfAna(), client.socket.signalRepository)
  const { type, ciphertext } = await encryptToAna('who am I?')
  await send(messageToAna('X7', type, ciphertext))
  expect((await noticed('missing-device-identity')).message).toBe('X7')
})

it('pre-key-reuse: the device uploads a one-time key under a number that was handed out', async () => {
  // Bob has no session yet: writing takes the device's first one-time key.
  await world.api.createPhone({ number: '5511922222222', name: 'Bob' })
  await client.message(await world.api.sendText('5511922222222', shop, 'hello'))
  Object.assign(client.auth.creds, { nextPreKeyId: 1, firstUnuploadedPreKeyId: 1 })
  await client.socket.uploadPreKeys(1)
  expect((await noticed('pre-key-reuse')).detail).toContain('taken before')
})

it('retry-requested: the device lost its session with Ana, who sends again', async () => {
  for (const key of client.auth.rows.keys()) {
    if (key.startsWith(`session/${anaLid}`)) client.auth.rows.delete(key)
  }
  const id = await world.api.sendText(ana, shop, 'can you read this?')
  expect((await noticed('retry-requested')).message).toBe(id)
  const readable = () => client.messages.find(({ key, message }) => key.id === id && message?.conversation)
  expect((await until(readable, 'the message')).message?.conversation).toBe('can you read this?')
  await until(async () => (await world.api.messages(ana, shop)).at(-1)?.status === 'delivered', 'the receipt')
  await until(async () => (await world.api.stats()).queued === 0, 'everything to be acknowledged')
  expect(await world.api.faults('refused-by-device')).toEqual([])
})

it("retry-requested: a device lost its session with another account's device, which sends again", async () => {
  const rival = '5511933333333'
  await world.api.createPhone({ number: rival, name: 'Rival' })
  const other = await world.linked(rival)
  await other.message(await client.sendText(rival, 'a session to begin with'))
  const shopLid = (await world.api.phones()).find(({ number }) => number === shop)!.lid
  for (const key of other.auth.rows.keys()) if (key.startsWith(`session/${shopLid}`)) other.auth.rows.delete(key)
  const id = await client.sendText(rival, 'can you read this?')
  expect(await noticed('retry-requested')).toMatchObject({ number: rival, message: id })
  const readable = () => other.messages.find(({ key, message }) => key.id === id && message)
  expect((await until(readable, 'the message')).message?.extendedTextMessage?.text).toBe('can you read this?')
})

it('unknown-receipt: a receipt for a message that never was', async () => {
  await client.socket.sendReceipt(anaJid, undefined, ['NEVER'], undefined)
  expect((await noticed('unknown-receipt')).message).toBe('NEVER')
})

it('refused-by-device: an error instead of a receipt', async () => {
  // Baileys sends no receipt before its keys are stored, so the message still waits for one.
  client.auth.keys.set = () => new Promise(() => {})
  const id = await world.api.sendText(ana, shop, 'no, thanks')
  await send({ tag: 'ack', attrs: { id, class: 'message', to: anaJid, error: '500' } })
  expect((await noticed('refused-by-device')).message).toBe(id)
})
