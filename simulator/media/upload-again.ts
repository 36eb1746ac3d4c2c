// A device couldn't download a file any more, and asks its account's phone to upload it again. The phone answers where it is
// now, encrypted under a key that is derived from the file's own.
import { hkdfSync } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import type { Connection } from '../whatsapp/connection.ts'
import { fileOf, type MediaFile } from '../whatsapp/content/media-fields.ts'
import { numberJid, parseJid } from '../whatsapp/jid.ts'
import { openBox, sealBox } from '../whatsapp/sealed-box.ts'
import { bytesOf, child, describe, type Stanza, seconds, stanza } from '../whatsapp/stanza.ts'

const { SUCCESS, NOT_FOUND } = proto.MediaRetryNotification.ResultType

/** To be called in a change. @param request a receipt of type server-error */
export function uploadAgain(connection: Connection, device: Device, request: Stanza): void {
  const { network } = connection
  const id = request.attrs.id!
  const about = child(request, 'rmr')
  const file = about && fileOfMessage(connection, device, id, about)
  if (file && !isFromOwner(file.mediaKey, id, child(request, 'encrypt'))) {
    connection.fault({
      kind: 'bad-stanza',
      detail: `Not under the file's key: ${describe(request)}`,
      message: id,
    })
    return
  }
  const path = file && network.state.mediaFiles.renew(file.encryptedSha256)
  const attrs = { from: numberJid(device.number), type: 'mediaretry', id, t: seconds(network.now()) }
  const found = path && answer(file.mediaKey, id, { stanzaId: id, directPath: path, result: SUCCESS })
  const missing = () => stanza('error', { code: String(NOT_FOUND) })
  network.deliver(device, stanza('notification', attrs, [stanza('rmr', about?.attrs), found || missing()]))
}

/** The file of the message that the device has in mind, on the account's own phone. */
function fileOfMessage({ network }: Connection, device: Device, id: string, { attrs }: Stanza): MediaFile | undefined {
  const chat = parseJid(attrs.jid)?.server === 'g.us' ? attrs.jid : network.phoneOf(attrs.jid)?.number
  const direction = attrs.from_me === 'true' ? 'out' : 'in'
  const message = chat && network.state.messages.find(device.number, chat, id, direction)
  return message ? fileOf(proto.Message.decode(message.content)) : undefined
}

function answer(mediaKey: Buffer, id: string, notification: proto.IMediaRetryNotification): Stanza {
  const { sealed, nonce } = sealBox(keyFrom(mediaKey), proto.MediaRetryNotification.encode(notification).finish(), id)
  return stanza('encrypt', {}, [stanza('enc_p', {}, sealed), stanza('enc_iv', {}, nonce)])
}

/** Who asks shows that it has the file's key: it encrypts the message's id under it. */
function isFromOwner(mediaKey: Buffer, id: string, request: Stanza | undefined): boolean {
  const box = { sealed: bytesOf(request, 'enc_p'), nonce: bytesOf(request, 'enc_iv') }
  const plain = openBox(keyFrom(mediaKey), box, id)
  return plain !== undefined && proto.ServerErrorReceipt.decode(plain).stanzaId === id
}

const keyFrom = (mediaKey: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(0), 'WhatsApp Media Retry Notification', 32))
