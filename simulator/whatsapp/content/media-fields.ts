// The fields of a message that say where its file lies on the media host, and with which key it opens.
import { normalizeMessageContent, type proto } from '@whiskeysockets/baileys'

export const MEDIA_KINDS = ['image', 'video', 'voice', 'audio', 'document', 'sticker'] as const
export type MediaKind = (typeof MEDIA_KINDS)[number]

/** The file of a message. */
export interface MediaFile {
  kind: MediaKind
  /** Of the media host: a path and, with most clients, the same as a URL. */
  directPath: string
  mediaKey: Buffer
  /** Of what it is, and of what lies on the host. */
  sha256: Buffer
  encryptedSha256: Buffer
  mimetype: string
  /** Its length, not encrypted. */
  bytes: number
  caption?: string
  fileName?: string
  seconds?: number
}

/** Undefined when the message has no file. */
export function fileOf(message: proto.IMessage): MediaFile | undefined {
  const inner = normalizeMessageContent(message) ?? {}
  const { imageMessage, audioMessage, documentMessage, stickerMessage } = inner
  // A video note (ptv) is a video with a field of its own.
  const videoMessage = inner.videoMessage ?? inner.ptvMessage
  if (imageMessage)
    return { ...common('image', imageMessage), ...(imageMessage.caption && { caption: imageMessage.caption }) }
  if (videoMessage) {
    const { caption, seconds } = videoMessage
    return { ...common('video', videoMessage), ...(caption && { caption }), ...(seconds && { seconds }) }
  }
  if (audioMessage) {
    const { ptt, seconds } = audioMessage
    return { ...common(ptt ? 'voice' : 'audio', audioMessage), ...(seconds && { seconds }) }
  }
  if (documentMessage) {
    const { caption, fileName } = documentMessage
    return { ...common('document', documentMessage), ...(caption && { caption }), ...(fileName && { fileName }) }
  }
  return stickerMessage ? common('sticker', stickerMessage) : undefined
}

type Fields = Pick<
  proto.Message.IImageMessage,
  'directPath' | 'mediaKey' | 'fileSha256' | 'fileEncSha256' | 'mimetype' | 'fileLength'
>

function common(kind: MediaKind, fields: Fields): MediaFile {
  return {
    kind,
    directPath: fields.directPath ?? '',
    mediaKey: Buffer.from(fields.mediaKey ?? []),
    sha256: Buffer.from(fields.fileSha256 ?? []),
    encryptedSha256: Buffer.from(fields.fileEncSha256 ?? []),
    mimetype: fields.mimetype ?? 'application/octet-stream',
    bytes: Number(fields.fileLength ?? 0),
  }
}
