import { EventEmitter } from 'node:events'
import type { BinaryNode } from '@whiskeysockets/baileys'
import { describe, expect, test } from 'vitest'
import { holdReceipts, statusesOfReceipt, statusOfAck } from './receipts.ts'

const receipt = (attrs: Record<string, string>, ...more: string[]): BinaryNode => ({
  tag: 'receipt',
  attrs,
  content: more.length
    ? [{ tag: 'list', attrs: {}, content: more.map((id) => ({ tag: 'item', attrs: { id } })) }]
    : undefined,
})

describe('what WhatsApp says of our messages', () => {
  test("the server's ack is sent, with the server's time", () => {
    const ack = { tag: 'ack', attrs: { id: 'A', class: 'message', t: '1700000000' } }
    expect(statusOfAck(ack)).toEqual({ whatsappId: 'A', status: 'sent', sentAt: new Date(1_700_000_000_000) })
  })

  test.each([
    ['463', 'account_restricted'],
    ['479', 'rejected'],
    ['421', 'rejected'],
  ])('an ack with error %s is failed: %s', (error, errorCode) => {
    const ack = { tag: 'ack', attrs: { id: 'A', class: 'message', error } }
    expect(statusOfAck(ack)).toMatchObject({ whatsappId: 'A', status: 'failed', errorCode })
  })

  test.each([
    [undefined, 'delivered'],
    ['inactive', 'delivered'],
    ['read', 'read'],
    ['played', 'played'],
    ['sender', 'sent'],
  ])('a receipt of type %s is %s, for all its ids', (type, status) => {
    const node = receipt({ id: 'A', from: 'x', ...(type ? { type } : {}) }, 'B', 'C')
    expect(statusesOfReceipt(node)).toEqual(['A', 'B', 'C'].map((whatsappId) => ({ whatsappId, status })))
  })

  test.each(['retry', 'read-self', 'server-error', 'hist_sync'])('a receipt of type %s says nothing', (type) => {
    expect(statusesOfReceipt(receipt({ id: 'A', from: 'x', type }))).toEqual([])
  })
})

test('receipts reach the library only when they are durable, and in order', async () => {
  const ws = new EventEmitter()
  const seen: string[] = []
  const writes: { ids: string[]; done: () => void }[] = []
  ws.on('CB:receipt', (node: BinaryNode) => seen.push(node.attrs.id!))
  holdReceipts(ws, (node) => {
    const changes = statusesOfReceipt(node)
    if (changes.length === 0) return Promise.resolve()
    return new Promise((done) => writes.push({ ids: changes.map((change) => change.whatsappId), done }))
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  ws.emit('CB:receipt', receipt({ id: 'A', from: 'x' }))
  ws.emit('CB:receipt', receipt({ id: 'B', from: 'x', type: 'read' }))
  ws.emit('CB:receipt', receipt({ id: 'C', from: 'x', type: 'retry' }))
  await settle()
  expect(seen).toEqual([])
  writes[1]!.done()
  await settle()
  expect(seen).toEqual([])
  writes[0]!.done()
  await settle()
  expect(seen).toEqual(['A', 'B', 'C'])
})
