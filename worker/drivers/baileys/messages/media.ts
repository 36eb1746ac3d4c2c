/** Messages with a file. Where the file lies is kept beside what is shown. */
import type { MessageOf } from '@berth/core/model/message.ts'
import {
  FILE_KIND_OF,
  type FileKind,
  MEDIA_TYPES,
  type Media,
  type MediaMessage,
  type MediaType,
} from '@berth/core/model/message-media.ts'
import type { proto } from '@whiskeysockets/baileys'
import { type FileFields, fieldsOf, MediaSource, sourceFrom } from '../media/source.ts'
import type { Family } from './family.ts'

/** For the URL beside the path, which clients don't use when there is a path. */
const MEDIA_HOST = 'mmg.whatsapp.net'
const NAME_LENGTH = 255

const OPUS = 'audio/ogg; codecs=opus'

const USUAL_TYPE: Record<FileKind, string> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  audio: OPUS,
  document: 'application/octet-stream',
  sticker: 'image/webp',
}

export const isMediaType = (type: string): type is MediaType => Object.hasOwn(FILE_KIND_OF, type)

/** What a row says of a file that has just come: its id, and that it is to be fetched. @param id a new one */
export function announced(content: Record<string, unknown>, id: string): Record<string, unknown> {
  const status = content.source ? { id, status: 'pending' } : { status: 'failed', error: 'gone' }
  return { ...content, media: { ...(content.media as Media), ...status } }
}

export const media: Family<MessageOf<MediaType>> = {
  types: MEDIA_TYPES,
  toProto({ type, media: { mimeType, fileName, caption, width, height, seconds }, source, viewOnce }) {
    const { data: known } = MediaSource.safeParse(source)
    const file = {
      ...(known && fieldsOf(known, MEDIA_HOST)),
      mimetype: mimeType,
      ...(caption && { caption }),
      ...(viewOnce && { viewOnce }),
    }
    const size = { ...(width && { width }), ...(height && { height }) }
    const time = seconds === undefined ? {} : { seconds }
    switch (type) {
      case 'image':
        return { imageMessage: { ...file, ...size } }
      case 'video':
        return { videoMessage: { ...file, ...size, ...time } }
      case 'gif':
        return { videoMessage: { ...file, ...size, ...time, gifPlayback: true } }
      case 'round_video':
        return { ptvMessage: { ...file, ...size, ...time } }
      case 'voice':
        // Phones play a voice message of no other type.
        return { audioMessage: { ...file, ...time, ptt: true, mimetype: mimeType === 'audio/ogg' ? OPUS : mimeType } }
      case 'audio':
        return { audioMessage: { ...file, ...time } }
      case 'document':
        return { documentMessage: { ...file, fileName: fileName ?? 'file' } }
      case 'sticker':
        return { stickerMessage: { ...file, ...size } }
    }
  },
  fromProto(message, _origin, outer) {
    const found = typeOf(message)
    if (!found) return undefined
    const { type, fields } = found
    const source = sourceFrom(FILE_KIND_OF[type], fields)
    const isOnce = fields.viewOnce || WRAPPERS.some((wrapper) => outer[wrapper])
    return {
      type,
      media: shownOf(type, fields),
      ...(source && { source }),
      ...(isOnce ? { viewOnce: true } : {}),
    } as MediaMessage
  },
}

/** What WhatsApp puts around a message that is to be seen once. */
const WRAPPERS = ['viewOnceMessage', 'viewOnceMessageV2', 'viewOnceMessageV2Extension'] as const

type Fields = FileFields &
  Partial<Pick<proto.Message.IVideoMessage, 'mimetype' | 'caption' | 'seconds'>> &
  Partial<Pick<proto.Message.IVideoMessage, 'width' | 'height' | 'viewOnce'>> &
  Partial<Pick<proto.Message.IDocumentMessage, 'fileName'>>

function typeOf(message: proto.IMessage): { type: MediaType; fields: Fields } | undefined {
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = message
  if (imageMessage) return { type: 'image', fields: imageMessage }
  if (videoMessage) return { type: videoMessage.gifPlayback ? 'gif' : 'video', fields: videoMessage }
  if (ptvMessage) return { type: 'round_video', fields: ptvMessage }
  if (audioMessage) return { type: audioMessage.ptt ? 'voice' : 'audio', fields: audioMessage }
  if (documentMessage) return { type: 'document', fields: documentMessage }
  return stickerMessage ? { type: 'sticker', fields: stickerMessage } : undefined
}

function shownOf(type: MediaType, fields: Fields): Media {
  const { mimetype, fileName, caption, width, height, seconds, fileSha256 } = fields
  return {
    mimeType: mimetype?.slice(0, NAME_LENGTH) || USUAL_TYPE[FILE_KIND_OF[type]],
    size: Number(fields.fileLength ?? 0),
    ...(fileSha256?.length === 32 && { sha256: Buffer.from(fileSha256).toString('hex') }),
    ...(fileName ? { fileName: fileName.slice(0, NAME_LENGTH) } : {}),
    ...(caption ? { caption } : {}),
    ...(width ? { width } : {}),
    ...(height ? { height } : {}),
    ...(seconds ? { seconds } : {}),
  }
}
