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

/** The pairwise ciphertexts of a message; one for somebody who is not in the chat is a fault. */
export function readParts(connection: Connection, message: Stanza, isInChat: (phone: Phone) => boolean): Part[] {
  const addressed = children(child(message, 'participants'), 'to').map(
    (to) => [to.attrs.jid, child(to, 'enc')] as const,
  )
  // One that stands alone is for whom the whole message is for: in a group, somebody who asked for it again.
  const direct = children(message, 'enc').find((enc) => enc.attrs.type !== 'skmsg')
  if (direct) addressed.push([message.attrs.participant ?? message.attrs.to, direct])
  return addressed.flatMap(([jid, enc]) => {
    const phone = connection.network.phoneOf(jid)
    const type = enc?.attrs.type
    const ciphertext = content(enc)
    if (phone && isInChat(phone) && enc && ciphertext && (type === 'pkmsg' || type === 'msg')) {
      return [{ phone, device: parseJid(jid)!.device, type, ciphertext, enc }]
    }
    const detail = `A part for ${jid} that can't be routed: ${describe(message)}`
    connection.fault({ kind: 'bad-stanza', detail, message: message.attrs.id! })
    return []
  })
}

/** Whoever gets a first message must be told who the device is. */
export function checkIdentity(connection: Connection, device: Device, message: Stanza, parts: Part[]): void {
  const id = message.attrs.id!
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
