// A phone writes to another number: its linked devices get the message, encrypted for each, and so do the writer's own.
import { encodeWAMessage, proto } from '@whiskeysockets/baileys'
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { Phone } from '../state/phones.ts'
import { takeDeviceBundle } from './bundles.ts'
import { keptOf, stanzaAttributes } from './content/content.ts'
import { lidJid, numberJid } from './jid.ts'
import type { Network } from './network.ts'
import type { Sealed } from './signal/endpoint.ts'
import { child, type Stanza, seconds, stanza } from './stanza.ts'

/** An id as phones make them. */
export const messageId = ({ state: { random } }: Network): string =>
  `3A${random.bytes(9).toString('hex').toUpperCase()}`

export interface OutgoingMessage {
  from: string
  /** A number. */
  to: string
  /** With something for people in it. */
  message: proto.IMessage
  /** Whether the devices see the writer under the number (as usual) or under the LID. */
  addressing?: 'number' | 'lid' | undefined
}

/**
 * Resolves with the message's id once everything is stored; the devices get it now or at their next login.
 * @throws SimulatorError phone_not_found, message_to_itself
 */
export function sendFromPhone(network: Network, { from, to, message, addressing }: OutgoingMessage): Promise<string> {
  const writer = network.phone(from)
  network.phone(to)
  if (from === to) {
    throw new SimulatorError('message_to_itself', 'A phone cannot write to itself here. Choose another number.')
  }
  const { blocks, devices, messages, database } = network.state
  const id = messageId(network)
  return network.locks.exclusive([from], async () => {
    const copy = { deviceSentMessage: { destinationJid: numberJid(to), message } }
    const outgoing: [Device, Sealed, Record<string, string>][] = []
    // Who is blocked isn't told so: the message is sent, and reaches nobody.
    const isBlocked = blocks.has(to, from)
    const readers = isBlocked ? [] : devices.of(to)
    for (const device of readers) {
      outgoing.push([
        device,
        await seal(network, writer, device, message),
        envelope(network, writer, message, addressing),
      ])
    }
    for (const device of devices.of(from)) {
      const attrs = { ...envelope(network, writer, message), recipient: numberJid(to) }
      outgoing.push([device, await seal(network, writer, device, copy), attrs])
    }
    database.change(() => {
      const row = { id, ...keptOf(message)! }
      // Without a linked device the other phone has it at once; with one, the device's receipt says when.
      const status = isBlocked || readers.length ? 'sent' : 'delivered'
      const at = network.now()
      messages.add(from, { ...row, chat: to, direction: 'out', address: numberJid(to), at, status })
      for (const [device, sealed, attrs] of outgoing) {
        enqueue(network, writer, device, { ...attrs, id }, [encStanza(sealed)])
      }
      network.publish({ type: 'chat', number: from, chat: to })
      if (isBlocked) return
      messages.add(to, { ...row, chat: from, direction: 'in', address: numberJid(from), at, status: 'received' })
      network.publish({ type: 'chat', number: to, chat: from })
    })
    return id
  })
}

export interface Resend {
  from: string
  device: Device
  id: string
  /** What the device asked with. */
  retry: Stanza
}

/** A device couldn't read a message of this phone: it goes out again under the same id, in a fresh Signal session. */
export function resendToDevice(network: Network, { from, device, id, retry }: Resend): Promise<void> {
  const writer = network.phone(from)
  const isOwn = from === device.number
  return network.locks.exclusive([from], async () => {
    const sent = findSent(network, from, device, id)
    if (!sent) return
    const message = proto.Message.decode(sent.content)
    const copy = isOwn ? { deviceSentMessage: { destinationJid: numberJid(sent.chat), message } } : message
    const sealed = await seal(network, writer, device, copy, true)
    const attrs = { ...envelope(network, writer, message), id, ...(isOwn && { recipient: numberJid(sent.chat) }) }
    network.state.database.change(() => enqueue(network, writer, device, attrs, [encStanza(sealed, retryCount(retry))]))
  })
}

/** Under the writer's chat with the account, or, for a copy to an own device, whichever chat it was written in. */
function findSent(network: Network, from: string, device: Device, id: string) {
  const { messages } = network.state
  if (from !== device.number) return messages.find(from, device.number, id, 'out')
  return messages.findSent(from, id)
}

export const retryCount = (retry: Stanza) => ({ count: child(retry, 'retry')?.attrs.count ?? '1' })

export function seal(
  network: Network,
  writer: Phone,
  device: Device,
  message: proto.IMessage,
  renew = false,
): Promise<Sealed> {
  const remote = { lid: network.phone(device.number).lid, device: device.id }
  const bundle = () => takeDeviceBundle(network, device)
  return network.signal.encrypt(writer, remote, encodeWAMessage(message), { bundle, renew })
}

/** Stores the ratchet step; to be called in a change. */
export function encStanza({ type, ciphertext, store }: Sealed, attrs: Record<string, string> = {}): Stanza {
  store()
  return stanza('enc', { v: '2', type, ...attrs }, ciphertext)
}

export function enqueue(
  network: Network,
  writer: Phone,
  device: Device,
  attrs: Record<string, string>,
  encs: Stanza[],
): void {
  network.state.ledger.add({
    message: attrs.id!,
    event: 'queued',
    direction: 'to-device',
    peer: writer.number,
    number: device.number,
    device: device.id,
  })
  network.deliver(device, stanza('message', attrs, encs), { number: writer.number, device: 0 })
}

function envelope(
  network: Network,
  writer: Phone,
  message: proto.IMessage,
  addressing: 'number' | 'lid' = 'number',
): Record<string, string> {
  const shared = { ...stanzaAttributes(message), t: seconds(network.now()), notify: writer.name }
  return addressing === 'lid'
    ? { from: lidJid(writer.lid), sender_pn: numberJid(writer.number), addressing_mode: 'lid', ...shared }
    : { from: numberJid(writer.number), sender_lid: lidJid(writer.lid), addressing_mode: 'pn', ...shared }
}
