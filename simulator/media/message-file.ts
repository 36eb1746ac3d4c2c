// The file of a message that a phone has.
import { proto } from '@whiskeysockets/baileys'
import { SimulatorError } from '../errors.ts'
import type { Message } from '../state/messages.ts'
import { authorOf } from '../whatsapp/content/chat.ts'
import { fileOf, type MediaFile } from '../whatsapp/content/media-fields.ts'
import type { Network } from '../whatsapp/network.ts'

interface Place {
  number: string
  chat: string
  id: string
}

/**
 * The phone opens it; one that isn't what its message says is a fault of its author's.
 * @throws SimulatorError message_not_found, no_media, media_gone, media_damaged
 */
export function openFile(network: Network, place: Place): { mimetype: string; bytes: Buffer } {
  const { message, file } = find(network, place)
  try {
    return { mimetype: file.mimetype, bytes: network.media.open(file) }
  } catch (error) {
    if (error instanceof SimulatorError && error.code === 'media_damaged') {
      const { number } = authorOf(network, place.number, message)
      network.fault({ kind: 'bad-media', detail: error.message, number, message: place.id })
    }
    throw error
  }
}

/** The media host gives it to nobody any more, until a phone uploads it again. @throws as openFile */
export function expireFile(network: Network, place: Place): void {
  const { file } = find(network, place)
  if (network.state.mediaFiles.expire(file.encryptedSha256)) return
  throw new SimulatorError('media_gone', 'The media host has no such file, or dropped it since.')
}

function find(network: Network, { number, chat, id }: Place): { message: Message; file: MediaFile } {
  const { messages } = network.state
  const message = messages.find(number, chat, id, 'in') ?? messages.find(number, chat, id, 'out')
  if (!message) throw new SimulatorError('message_not_found', `${number} has no message ${id} in the chat ${chat}.`)
  const file = fileOf(proto.Message.decode(message.content))
  if (!file) throw new SimulatorError('no_media', `The message ${id} has no file.`)
  return { message, file }
}
