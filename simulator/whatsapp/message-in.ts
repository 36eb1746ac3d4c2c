// A linked device sends a message: one ciphertext for each phone and device of both sides.
//
// All phones that it's for are locked, each decrypts its part, and then one change stores everything: ratchet steps, what
// the phones show, what other devices are owed, receipts, ledger. The server's ack leaves after that commit, so an
// accepted message is never lost, and one that isn't accepted leaves nothing but faults.
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import type { LedgerEvent } from '../state/ledger.ts'
import type { Phone } from '../state/phones.ts'
import type { Connection } from './connection.ts'
import { lidJid, numberJid, parseJid } from './jid.ts'
import { checkParts, type Part, readParts } from './message-parts.ts'
import { type Received, receiveAtPhone } from './phone-inbox.ts'
import { askToRetry, tellSender } from './receipts.ts'
import { child, describe, type Stanza, seconds, stanza } from './stanza.ts'
import { shownText } from './text.ts'

/** How the server refuses a message: nobody has that number; it can't route such an address. */
const NOT_FOUND = '404'
const NOT_ACCEPTABLE = '406'

/** A message on its way from `device` to `peer`. */
interface Submission {
  connection: Connection
  device: Device
  message: Stanza
  peer: Phone
  id: string
}

export async function receiveMessage(connection: Connection, device: Device, message: Stanza): Promise<void> {
  const { network } = connection
  const { to, id } = message.attrs as { to: string; id: string }
  const server = parseJid(to)?.server
  if (server !== 's.whatsapp.net' && server !== 'lid') {
    connection.fault({
      kind: 'unknown-stanza',
      detail: `Only 1:1 messages work so far: ${describe(message)}`,
      message: id,
    })
    acknowledge(connection, message, NOT_ACCEPTABLE)
    return
  }
  const peer = network.phoneOf(to)
  // Not a fault: anybody may write to a number that isn't on WhatsApp.
  if (!peer) {
    acknowledge(connection, message, NOT_FOUND)
    return
  }
  const parts = readParts(connection, device, message, peer)
  checkParts(connection, device, message, peer, parts)
  const submission = { connection, device, message, peer, id }
  const forPhones = parts.filter((part) => part.device === 0)
  const numbers = forPhones.map((part) => part.phone.number)
  await network.locks.exclusive(numbers, async () => {
    const received: Received[] = []
    for (const part of forPhones) received.push(await receiveAtPhone(network, device, part))
    network.state.database.change(() => {
      record(submission, 'submitted')
      // The own phone first, so that it has its copy when a receipt raises that copy's status.
      for (const each of received) if (each.phone.number === device.number) takeOwnCopy(submission, each)
      for (const each of received) if (each.phone.number !== device.number) take(submission, each)
      for (const part of parts) if (part.device !== 0) forward(submission, part)
    })
  })
  acknowledge(connection, message)
}

/** The account's own phone shows what its linked device wrote. */
function takeOwnCopy(submission: Submission, received: Received): void {
  const { device, peer } = submission
  const message = open(submission, received)
  if (!message) return
  const isNew = show(submission, device.number, peer.number, 'out', message.deviceSentMessage?.message ?? message)
  // A note to oneself has no other reader.
  if (peer.number === device.number) record(submission, isNew ? 'received' : 'duplicate')
}

/** The other side's phone shows the message and says so, or asks for it again. */
function take(submission: Submission, received: Received): void {
  const { connection, device, message: sent, peer, id } = submission
  const { network } = connection
  const message = open(submission, received)
  if (received.copy) {
    record(submission, 'duplicate')
  } else if (!message) {
    record(submission, 'failed')
    askToRetry(network, device, peer, { id, from: sent.attrs.to!, t: sent.attrs.t ?? seconds() })
  } else {
    const isNew = show(submission, peer.number, device.number, 'in', message)
    record(submission, isNew ? 'received' : 'duplicate')
    tellSender(network, { sender: device.number, reader: peer, id, status: 'delivered', repeat: true })
  }
}

/** Stores the ratchet step and the faults; answers the message if the phone could read it. */
function open({ connection, id }: Submission, received: Received): proto.Message | undefined {
  received.store()
  for (const fault of received.faults) connection.fault({ ...fault, message: id })
  return received.plain && proto.Message.decode(unpadRandomMax16(received.plain))
}

/** Puts a message into a phone's chat. False when it has it already: phones drop a repeated id. */
function show(
  submission: Submission,
  number: string,
  chat: string,
  direction: 'in' | 'out',
  message: proto.IMessage,
): boolean {
  const { connection, message: sent, id } = submission
  const text = shownText(message)
  if (text === undefined || sent.attrs.category === 'peer') return true
  const { network } = connection
  network.publish({ type: 'chat', number, chat })
  return network.state.messages.add(number, {
    id,
    chat,
    direction,
    text,
    content: Buffer.from(proto.Message.encode(message).finish()),
    address: direction === 'out' ? sent.attrs.to! : numberJid(chat),
    at: Date.now(),
    status: direction === 'out' ? 'sent' : 'received',
  })
}

/** Passes a ciphertext on to a linked device: of the other side, or another one of the same account. */
function forward({ connection, device, message, peer, id }: Submission, part: Part): void {
  const { network } = connection
  const target = network.state.devices.find(part.phone.number, part.device)
  if (!target || target.removedAt !== undefined) return
  const sender = network.phone(device.number)
  const byLid = parseJid(message.attrs.to)!.server === 'lid'
  const attrs: Record<string, string> = {
    ...(byLid
      ? { from: lidJid(sender.lid, device.id), sender_pn: numberJid(sender.number), addressing_mode: 'lid' }
      : { from: numberJid(sender.number, device.id), sender_lid: lidJid(sender.lid), addressing_mode: 'pn' }),
    id,
    type: message.attrs.type ?? 'text',
    t: seconds(),
    notify: sender.name,
    ...(target.number === device.number && { recipient: byLid ? lidJid(peer.lid) : numberJid(peer.number) }),
  }
  const identity = part.type === 'pkmsg' ? child(message, 'device-identity') : undefined
  network.state.ledger.add({
    message: id,
    event: 'queued',
    direction: 'to-device',
    peer: device.number,
    number: target.number,
    device: target.id,
  })
  const from = { number: device.number, device: device.id }
  network.deliver(target, stanza('message', attrs, identity ? [part.enc, identity] : [part.enc]), from)
}

function record({ connection, device, peer, id }: Submission, event: LedgerEvent): void {
  connection.network.state.ledger.add({
    message: id,
    event,
    direction: 'from-device',
    connection: connection.id,
    number: device.number,
    device: device.id,
    peer: peer.number,
  })
}

function acknowledge(connection: Connection, message: Stanza, error?: string): void {
  const { id, to } = message.attrs as { id: string; to: string }
  connection.send(stanza('ack', { class: 'message', id, from: to, t: seconds(), ...(error && { error }) }))
}
