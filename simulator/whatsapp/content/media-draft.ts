// A message with a file, as a phone makes it.
import type { proto } from '@whiskeysockets/baileys'
import type { PlacedFile } from '../../media/host.ts'
import type { MediaKind } from './media-fields.ts'

export interface MediaDraft {
  kind: MediaKind
  data: Buffer
  /** What is usual for the kind when left out. */
  mimetype?: string | undefined
  caption?: string | undefined
  fileName?: string | undefined
  /** How long it plays. */
  seconds?: number | undefined
  /** Id of the message that it answers. */
  replyTo?: string | undefined
}

const USUAL_TYPES: Record<MediaKind, string> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  voice: 'audio/ogg; codecs=opus',
  audio: 'audio/mpeg',
  document: 'application/octet-stream',
  sticker: 'image/webp',
}

export function mediaMessage(
  { kind, mimetype = USUAL_TYPES[kind], caption, fileName, seconds }: MediaDraft,
  placed: PlacedFile,
  contextInfo: proto.IContextInfo | undefined,
): proto.IMessage {
  const shared = { ...placed, mimetype, contextInfo }
  switch (kind) {
    case 'image':
      return { imageMessage: { ...shared, caption } }
    case 'video':
      return { videoMessage: { ...shared, caption, seconds } }
    case 'voice':
      return { audioMessage: { ...shared, seconds, ptt: true } }
    case 'audio':
      return { audioMessage: { ...shared, seconds } }
    case 'document':
      return { documentMessage: { ...shared, caption, fileName } }
    case 'sticker':
      return { stickerMessage: shared }
  }
}
