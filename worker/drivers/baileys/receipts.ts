/**
 * What WhatsApp says of our messages: the server's acks, and the contacts' receipts. Pure parsing, and the gate that holds
 * receipts back until what they say is durable.
 */
import type { EventEmitter } from 'node:events'
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { SEND_FAILURES, type SendFailureCode } from '@berth/core/model/send-failures.ts'
import type { StatusChange } from '@berth/core/postgres/commit.ts'
import type { MessageStatus } from '@berth/core/postgres/tables.ts'
import type { BinaryNode } from '@whiskeysockets/baileys'
import { takeListeners } from './listeners.ts'

/** A receipt without a type, or 'inactive' (the contact's app was not open), is a delivery. */
const STATUS_OF_RECEIPT: Record<string, MessageStatus> = {
  '': 'delivered',
  inactive: 'delivered',
  read: 'read',
  played: 'played',
  // From another device of our own account: the server has the message.
  sender: 'sent',
}

/** What the server's refusals mean, by its code. */
const REFUSALS: Record<string, SendFailureCode> = { 463: 'account_restricted', 479: 'rejected' }

/** The server's ack of a message of ours: it took it, or why not. */
export function statusOfAck({ attrs }: BinaryNode): StatusChange {
  const whatsappId = attrs.id!
  if (!attrs.error) {
    return { whatsappId, status: 'sent', ...(attrs.t ? { sentAt: new Date(Number(attrs.t) * 1000) } : {}) }
  }
  const errorCode = REFUSALS[attrs.error]
  const refusal = errorCode
    ? { errorCode, errorMessage: SEND_FAILURES[errorCode].message }
    : { errorCode: 'rejected', errorMessage: `WhatsApp refused the message with code ${attrs.error}.` }
  return { whatsappId, status: 'failed', ...refusal }
}

/** What a receipt says of our messages; empty when it says nothing (a contact asks again, another device read a chat). */
export function statusesOfReceipt(receipt: BinaryNode): StatusChange[] {
  const status = STATUS_OF_RECEIPT[receipt.attrs.type ?? '']
  return status ? idsOfReceipt(receipt).map((whatsappId) => ({ whatsappId, status })) : []
}

/** The messages that a receipt is about. */
export function idsOfReceipt({ attrs, content }: BinaryNode): string[] {
  if (!attrs.id) return []
  const ids = [attrs.id]
  for (const list of Array.isArray(content) ? content : []) {
    for (const item of Array.isArray(list.content) ? list.content : []) {
      if (item.tag === 'item' && item.attrs.id) ids.push(item.attrs.id)
    }
  }
  return ids
}

/**
 * Baileys acknowledges a receipt as soon as it sees it, and the server then forgets it. So its listeners are taken off and
 * called, in order, when what the receipt says is durable: after a crash it comes again, and the message is not sent twice.
 */
export function holdReceipts(ws: EventEmitter, store: (receipt: BinaryNode) => Promise<void>): void {
  const handOver = takeListeners(ws, 'CB:receipt')
  let last: Promise<unknown> = Promise.resolve()
  const storeReceipt = async (node: BinaryNode): Promise<void> => {
    await failpoint('receipt.seen')
    await store(node)
    await failpoint('receipt.stored')
  }
  ws.on('CB:receipt', (node: BinaryNode) => {
    const stored = storeReceipt(node)
    last = last.then(() => stored).then(() => void handOver(node).then(() => failpoint('receipt.acked')))
  })
}
