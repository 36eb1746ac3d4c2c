import { signedHeaders } from '@berth/gateway/webhooks/signature.ts'
import { expect, onTestFinished, test } from 'vitest'
import { WebhookReceiver } from './receiver.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const HOUR_MS = 3_600_000
const BODY = JSON.stringify({ type: 'message.received', session: 'support', data: { message: { text: 'Hi' } } })

test('believes what is signed with the secret and the time of now, and nothing else', async () => {
  const receiver = await WebhookReceiver.start('127.0.0.1')
  onTestFinished(() => receiver.stop())
  const url = await receiver.urlOf('acme')
  const post = async (id: string, secret: string, at = Date.now()) => {
    const headers = signedHeaders([secret], id, at, BODY)
    return (await fetch(url, { method: 'POST', headers, body: BODY })).status
  }
  expect(await post('e1', SECRET)).toBe(503)
  receiver.believe('acme', SECRET)
  await expect.poll(() => post('e1', SECRET)).toBe(204)
  expect(await post('e2', OTHER)).toBe(400)
  expect(await post('e3', SECRET, Date.now() + HOUR_MS)).toBe(400)
  const { receipts, refused } = receiver
  expect(receipts).toMatchObject([{ tenant: 'acme', id: 'e1', session: 'support', text: 'Hi' }])
  expect(refused).toMatchObject([
    { id: 'e2', isUntimely: false },
    { id: 'e3', isUntimely: true },
  ])
})
