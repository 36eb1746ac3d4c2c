// Receipts: what tells the writer of a message that it arrived, was read, or must be sent again.
import { uploadAgain } from '../media/upload-again.ts'
import type { Device } from '../state/devices.ts'
import type { LedgerEvent } from '../state/ledger.ts'
import type { Phone } from '../state/phones.ts'
import { bundleStanzas, takePhoneBundle } from './bundles.ts'
import type { Connection } from './connection.ts'
import { resendToMember } from './group-out.ts'
import { fromMember, numberJid, parseJid } from './jid.ts'
import { resendToDevice } from './message-out.ts'
import type { Network } from './network.ts'
import { child, children, describe, type Stanza, seconds, stanza } from './stanza.ts'

/** After so many tries a phone gives up asking for a message. */
const MAXIMUM_RETRIES = 5

/** Baileys' error code for a message whose key was used already. */
const ALREADY_DECRYPTED = '487'

/** Receipt types of a device, and what they mean for the writer: nothing for those between own devices. */
const MEANING: Record<string, 'delivered' | 'read' | 'own'> = {
  '': 'delivered',
  inactive: 'delivered',
  read: 'read',
  played: 'read',
  'read-self': 'own',
  sender: 'own',
  peer_msg: 'own',
  hist_sync: 'own',
}

/** A device has messages, has read them, or couldn't read one. */
export async function receiveReceipt(connection: Connection, device: Device, receipt: Stanza): Promise<void> {
  const { network } = connection
  const { id, to, type = '' } = receipt.attrs as { id: string; to: string; type?: string }
  if (type === 'retry') await receiveRetry(connection, device, receipt)
  else if (type === 'server-error') network.state.database.change(() => uploadAgain(connection, device, receipt))
  else if (!(type in MEANING)) connection.fault({ kind: 'unknown-stanza', detail: describe(receipt) })
  else {
    const more = children(child(receipt, 'list'), 'item').map((item) => item.attrs.id ?? '')
    network.state.database.change(() => {
      for (const each of [id, ...more]) takeReceipt(connection, device, receipt, each, MEANING[type]!)
    })
  }
  connection.send(stanza('ack', { class: 'receipt', id, from: to, ...(type && { type }) }))
}

/** A device has a stanza, or refuses it. */
export function receiveAck(connection: Connection, device: Device, ack: Stanza): void {
  const { deliveries, ledger } = connection.network.state
  const { id, error, type } = ack.attrs as { id: string; error?: string; type?: string }
  const tag = ack.attrs.class ?? ''
  const sender = deliveries.sender(device.number, device.id, id, tag)
  const which = { type: tag === 'receipt' ? (type ?? '') : undefined, oldest: error !== undefined }
  const state = deliveries.acknowledge(device.number, device.id, tag, id, which)
  if (state === 'unknown') connection.fault({ kind: 'unknown-receipt', detail: describe(ack) })
  if (error && state === 'pending') {
    const count = (event: LedgerEvent) => ledger.count(id, device.number, device.id, event)
    // Said already: after a request to retry, the device also refuses the stanza that it couldn't read.
    const isRetried = count('retry') > 0
    // Its receipt got lost with an earlier connection, and plain Baileys refuses what it has decrypted before.
    const isRepeated = error === ALREADY_DECRYPTED && count('sent') > 1
    if (!isRetried && !isRepeated) {
      connection.fault({ kind: 'refused-by-device', detail: describe(ack), message: id })
    }
    if (sender) record(connection, device, id, sender.number, 'refused')
  }
  // A message is answered by a receipt, a notice by its ack.
  if (sender && !error && tag !== 'message') record(connection, device, id, sender.number, 'delivered')
  connection.network.publish({ type: 'device', number: device.number, device: device.id })
}

/**
 * Tells who wrote a message what became of it; on the own phone and on every linked device of the account.
 * @param what.readerDevice which device of the reader says so; 0, the phone, by default
 * @param what.group the group that it was written in
 * @param what.repeat also when the writer was told before: a phone gives a receipt for every copy that it gets
 */
export function tellSender(
  network: Network,
  {
    sender,
    reader,
    readerDevice = 0,
    group,
    id,
    status,
    repeat = false,
  }: {
    sender: string
    reader: Phone
    readerDevice?: number
    group?: string | undefined
    id: string
    status: 'delivered' | 'read'
    repeat?: boolean
  },
): void {
  const { messages, devices, ledger } = network.state
  const chat = group ?? reader.number
  const shown = messages.find(sender, chat, id, 'out')
  const isNews = !shown || messages.raise(sender, chat, id, 'out', status)
  // In a group the news of one member are no news of another: the writer hears all.
  if (!isNews && !repeat && !group) return
  if (shown) network.publish({ type: 'chat', number: sender, chat })
  // Baileys knows the chat by the address that it wrote to, a number or a LID.
  const from = group ? fromMember(group, reader, readerDevice) : { from: shown?.address ?? numberJid(reader.number) }
  const attrs = { ...from, id, t: seconds(network.now()), ...(status === 'read' && { type: 'read' }) }
  for (const device of devices.of(sender)) {
    network.deliver(device, stanza('receipt', attrs))
    if (!ledger.count(id, sender, device.id, 'submitted')) continue
    ledger.add({
      message: id,
      event: status,
      direction: 'from-device',
      peer: reader.number,
      number: sender,
      device: device.id,
    })
  }
}

/**
 * The account's other devices hear that a message was read.
 * Sources: Baileys' handleReceipt, whatsmeow's parseMessageSource.
 * @param what.writer the writer's address
 * @param what.by the device on which it was read; 0 is the phone
 */
function tellOwnDevices(
  network: Network,
  reader: Phone,
  { id, writer, group, by }: { id: string; writer: string; group: string | undefined; by: number },
): void {
  const where = group ? fromMember(group, reader, by) : { from: numberJid(reader.number, by), recipient: writer }
  const attrs = { ...where, id, t: seconds(network.now()), type: 'read' }
  for (const device of network.state.devices.of(reader.number)) {
    if (device.id !== by) network.deliver(device, stanza('receipt', attrs))
  }
}

/** The person reads a chat: whoever wrote there is told, and so are the account's devices. Answers how many messages were unread. */
export function readChat(network: Network, number: string, chat: string): number {
  const { messages, database } = network.state
  const reader = network.phone(number)
  return database.change(() => {
    const unread = messages.unread(number, chat)
    const group = isGroup(chat) ? chat : undefined
    for (const { id, address } of unread) {
      messages.raise(number, chat, id, 'in', 'read')
      tellSender(network, { sender: network.phoneOf(address)!.number, reader, group, id, status: 'read' })
      tellOwnDevices(network, reader, { id, writer: address, group, by: 0 })
    }
    network.publish({ type: 'chat', number, chat })
    return unread.length
  })
}

/** A phone that can't read a message asks the device that wrote it to send it again, with fresh keys. */
export function askToRetry(
  network: Network,
  device: Device,
  phone: Phone,
  { id, chat, t }: { id: string; chat: string; t: string },
): void {
  const count = network.state.ledger.count(id, device.number, device.id, 'failed', phone.number)
  if (count > MAXIMUM_RETRIES) return
  const [registration, ...keys] = bundleStanzas(takePhoneBundle(network, phone))
  const retry = stanza('retry', { count: String(count), id, t, v: '1' })
  const from = isGroup(chat) ? fromMember(chat, phone) : { from: chat }
  const attrs = { ...from, id, type: 'retry', t: seconds(network.now()) }
  network.deliver(device, stanza('receipt', attrs, [retry, registration!, stanza('keys', {}, keys)]))
}

function takeReceipt(
  connection: Connection,
  device: Device,
  receipt: Stanza,
  id: string,
  meaning: 'delivered' | 'read' | 'own',
): void {
  const { network } = connection
  const { deliveries, messages } = network.state
  const writer = deliveries.sender(device.number, device.id, id)
  if (!writer) {
    const detail = 'A receipt for a message that was never sent'
    connection.fault({ kind: 'unknown-receipt', detail, message: id })
    return
  }
  deliveries.acknowledge(device.number, device.id, 'message', id)
  const own = meaning === 'own' || writer.number === device.number
  record(connection, device, id, writer.number, own ? 'delivered' : meaning)
  if (own) return
  const reader = network.phone(device.number)
  const group = groupOf(receipt)
  tellSender(network, { sender: writer.number, reader, readerDevice: device.id, group, id, status: meaning })
  const chat = group ?? writer.number
  if (meaning === 'read' && messages.raise(device.number, chat, id, 'in', 'read')) {
    network.publish({ type: 'chat', number: device.number, chat })
    tellOwnDevices(network, reader, { id, writer: numberJid(writer.number), group, by: device.id })
  }
}

/** The device couldn't read a message: who wrote it sends it again. */
async function receiveRetry(connection: Connection, device: Device, receipt: Stanza): Promise<void> {
  const { network } = connection
  const id = receipt.attrs.id!
  const writer = network.state.deliveries.sender(device.number, device.id, id)
  if (!writer) {
    return connection.fault({
      kind: 'unknown-receipt',
      detail: 'A retry of a message that was never sent',
      message: id,
    })
  }
  connection.fault({
    kind: 'retry-requested',
    detail: `The device can't read what ${writer.number} wrote`,
    message: id,
  })
  record(connection, device, id, writer.number, 'retry')
  if (network.state.ledger.count(id, device.number, device.id, 'retry') > MAXIMUM_RETRIES) return
  const group = groupOf(receipt)
  if (writer.device === 0) {
    const resend = { from: writer.number, device, id, retry: receipt }
    return group ? resendToMember(network, group, resend) : resendToDevice(network, resend)
  }
  const author = network.state.devices.find(writer.number, writer.device)
  if (!author || author.removedAt !== undefined) return
  const from = group
    ? fromMember(group, network.phone(device.number), device.id)
    : { from: numberJid(device.number, device.id) }
  const attrs = { ...from, id, type: 'retry', t: seconds(network.now()) }
  network.deliver(author, stanza('receipt', attrs, children(receipt)))
}

const isGroup = (chat: string): boolean => parseJid(chat)?.server === 'g.us'

/** The group that a receipt of a device is about. */
const groupOf = ({ attrs: { to } }: Stanza): string | undefined => (to && isGroup(to) ? to : undefined)

function record(connection: Connection, device: Device, message: string, peer: string, event: LedgerEvent): void {
  connection.network.state.ledger.add({
    message,
    event,
    direction: 'to-device',
    connection: connection.id,
    number: device.number,
    device: device.id,
    peer,
  })
}
