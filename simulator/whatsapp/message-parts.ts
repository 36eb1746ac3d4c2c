// The ciphertexts in a message stanza, one for each phone and device, and what a correct stanza holds.
import type { Device } from '../state/devices.ts'
import type { Phone } from '../state/phones.ts'
import type { Connection } from './connection.ts'
import { isSameIdentity } from './device-identity.ts'
import { parseJid } from './jid.ts'
import type { CiphertextType } from './signal/endpoint.ts'
import { bytesOf, child, children, content, describe, type Stanza } from './stanza.ts'

/** One ciphertext of a message and who it is for. */
export interface Part {
  phone: Phone
  /** 0 is the phone itself. */
  device: number
  type: CiphertextType
  ciphertext: Buffer
  /** The stanza that holds it. */
  enc: Stanza
}

/** The parts of a 1:1 message for either side of the chat; anything else is a fault. */
export function readParts(connection: Connection, device: Device, message: Stanza, peer: Phone): Part[] {
  const addressed = children(child(message, 'participants'), 'to').map(
    (to) => [to.attrs.jid, child(to, 'enc')] as const,
  )
  const direct = child(message, 'enc')
  if (direct) addressed.push([message.attrs.to, direct])
  return addressed.flatMap(([jid, enc]) => {
    const phone = connection.network.phoneOf(jid)
    const type = enc?.attrs.type
    const ciphertext = content(enc)
    const isOfChat = phone === peer || phone?.number === device.number
    if (phone && isOfChat && enc && ciphertext && (type === 'pkmsg' || type === 'msg')) {
      return [{ phone, device: parseJid(jid)!.device, type, ciphertext, enc }]
    }
    const detail = `A part for ${jid} that can't be routed: ${describe(message)}`
    connection.fault({ kind: 'bad-stanza', detail, message: message.attrs.id! })
    return []
  })
}

/** Records what a correct client wouldn't send. */
export function checkParts(connection: Connection, device: Device, message: Stanza, peer: Phone, parts: Part[]): void {
  const id = message.attrs.id!
  if (!parts.some((part) => part.phone === peer)) {
    connection.fault({ kind: 'no-recipients', detail: `Nobody at ${peer.number} can read this message`, message: id })
  }
  if (!parts.some((part) => part.type === 'pkmsg')) return
  const identity = bytesOf(message, 'device-identity')
  if (!identity) {
    connection.fault({
      kind: 'missing-device-identity',
      detail: 'A first message without <device-identity>',
      message: id,
    })
  } else if (!isSameIdentity(device.signedIdentity, identity)) {
    connection.fault({ kind: 'bad-signature', detail: 'Not the identity that the device was linked with', message: id })
  }
}
