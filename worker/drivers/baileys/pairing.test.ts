import { EventEmitter } from 'node:events'
import { type BinaryNode, Curve, hmacSign, initAuthCreds, proto } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { storeBeforeAnswering } from './pairing.ts'

const JID = '5511900000001:7@s.whatsapp.net'
const ACCOUNT_SIGNATURE = Buffer.from([6, 0])

/** What WhatsApp sends when a phone has scanned the code of these credentials. */
function pairSuccess({ advSecretKey, signedIdentityKey }: ReturnType<typeof initAuthCreds>): BinaryNode {
  const phone = Curve.generateKeyPair()
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 7 }).finish()
  const signed = Buffer.concat([ACCOUNT_SIGNATURE, details, signedIdentityKey.public])
  const identity = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: phone.public,
    accountSignature: Curve.sign(phone.private, signed),
  }).finish()
  const hmac = hmacSign(identity, Buffer.from(advSecretKey, 'base64'))
  const content = proto.ADVSignedDeviceIdentityHMAC.encode({ details: identity, hmac }).finish()
  const parts: BinaryNode[] = [
    { tag: 'device-identity', attrs: {}, content },
    { tag: 'device', attrs: { jid: JID, lid: '1:7@lid' } },
  ]
  return { tag: 'iq', attrs: { id: '1' }, content: [{ tag: 'pair-success', attrs: {}, content: parts }] }
}

function world() {
  const ws = new EventEmitter()
  const heard: BinaryNode[] = []
  ws.on('CB:iq,,pair-success', (stanza: BinaryNode) => heard.push(stanza))
  const creds = initAuthCreds()
  const stored = Promise.withResolvers<void>()
  const saved: unknown[] = []
  const saveLinked = (update: unknown): Promise<void> => {
    saved.push(update)
    return stored.promise
  }
  storeBeforeAnswering(ws, { creds, saveLinked })
  return { ws, creds, heard, saved, stored }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('the library hears of a scan, and answers it, only when it is stored who we are', async () => {
  const { ws, creds, heard, saved, stored } = world()
  const stanza = pairSuccess(creds)
  ws.emit('CB:iq,,pair-success', stanza)
  await settle()
  expect(saved).toMatchObject([{ me: { id: JID } }])
  expect(heard).toEqual([])
  stored.resolve()
  await settle()
  expect(heard).toEqual([stanza])
})

test('a scan that is not signed for us is stored nowhere; the library finds the same', async () => {
  const { ws, heard, saved } = world()
  ws.emit('CB:iq,,pair-success', pairSuccess(initAuthCreds()))
  await settle()
  expect(saved).toEqual([])
  expect(heard).toHaveLength(1)
})
