// A message that a linked device sends: what 1:1 and group messages have in common.
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import type { LedgerEvent } from '../state/ledger.ts'
import type { Connection } from './connection.ts'
import { keptOf } from './content/content.ts'
import { fileOf } from './content/media-fields.ts'
import type { Part } from './message-parts.ts'
import type { Received } from './phone-inbox.ts'
import { child, type Stanza, seconds, stanza } from './stanza.ts'

/** How the server refuses a message: the device isn't in the group; nobody has that address; it can't route it. */
export const FORBIDDEN = '403'
export const NOT_FOUND = '404'
export const NOT_ACCEPTABLE = '406'

export interface Submission {
  connection: Connection
  device: Device
  message: Stanza
  id: string
}

/** Stores the ratchet step and the faults; answers the message if the phone could read it. */
export function open({ connection, id }: Submission, received: Received): proto.Message | undefined {
  received.store()
  for (const fault of received.faults) connection.fault({ ...fault, message: id })
  return received.plain && proto.Message.decode(unpadRandomMax16(received.plain))
}

/**
 * Puts a message, or what it changes, into a phone's chat. False when it has it already: phones drop a repeated id.
 * @param where.address see `Message.address`
 */
export function show(
  { connection, message: sent, id }: Submission,
  { number, chat, direction, address }: { number: string; chat: string; direction: 'in' | 'out'; address: string },
  message: proto.IMessage,
): boolean {
  const kept = keptOf(message)
  if (!kept || sent.attrs.category === 'peer') return true
  const { network } = connection
  const file = fileOf(message)
  // Said once, where the account's own phone gets its copy.
  if (direction === 'out' && file && !network.state.mediaFiles.has(file.encryptedSha256)) {
    connection.fault({ kind: 'bad-media', detail: 'The file of a message was never uploaded', message: id })
  }
  network.publish({ type: 'chat', number, chat })
  return network.state.messages.add(number, {
    id,
    chat,
    direction,
    ...kept,
    address,
    at: network.now(),
    status: direction === 'out' ? 'sent' : 'received',
  })
}

/**
 * Passes ciphertexts on to a linked device: of another member of the chat, or another one of the same account.
 * @param attrs from whom it is and in which chat
 * @param part what is for this device alone
 * @param shared what is for everybody, in a group
 */
export function passOn(
  { connection, device, message, id }: Submission,
  target: Device,
  attrs: Record<string, string>,
  part: Part | undefined,
  shared?: Stanza,
): void {
  const { network } = connection
  const identity = part?.type === 'pkmsg' ? child(message, 'device-identity') : undefined
  const content = [part?.enc, shared, identity].filter((each) => each !== undefined)
  network.state.ledger.add({
    message: id,
    event: 'queued',
    direction: 'to-device',
    peer: device.number,
    number: target.number,
    device: target.id,
  })
  const { type = 'text', edit } = message.attrs
  const shape = {
    id,
    type,
    ...(edit && { edit }),
    t: seconds(network.now()),
    notify: network.phone(device.number).name,
  }
  const from = { number: device.number, device: device.id }
  network.deliver(target, stanza('message', { ...attrs, ...shape }, content), from)
}

/** @param peer the number of the other side; of a whole group, its id */
export function record({ connection, device, id }: Submission, peer: string, event: LedgerEvent): void {
  connection.network.state.ledger.add({
    message: id,
    event,
    direction: 'from-device',
    connection: connection.id,
    number: device.number,
    device: device.id,
    peer,
  })
}

/** The server's answer, when everything is stored. */
export function acknowledge({ connection, message }: Pick<Submission, 'connection' | 'message'>, error?: string): void {
  const { id, to } = message.attrs as { id: string; to: string }
  const t = seconds(connection.network.now())
  connection.send(stanza('ack', { class: 'message', id, from: to, t, ...(error && { error }) }))
}
