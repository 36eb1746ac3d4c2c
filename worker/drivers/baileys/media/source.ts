/** Where WhatsApp has a file, and what opens it: what messages say of it, and what is stored of that. Pure. */
import { FILE_KINDS, type FileKind } from '@berth/core/model/message-media.ts'
import { Bytes } from '@berth/core/model/message-parts.ts'
import type { proto } from '@whiskeysockets/baileys'
import { z } from 'zod'

export const MediaSource = z.object({
  /** Keys are derived for it, and the media host has a path for it. */
  kind: z.enum(FILE_KINDS),
  /** Of the media host: a path with its query. */
  directPath: z.string().regex(/^\/[^/\\]/),
  /** 32 bytes, from which all keys of the file come. */
  mediaKey: Bytes,
  /** When the key was made, in seconds since 1970. */
  mediaKeyAt: z.int(),
  /** Of the file, and of its encrypted form. */
  sha256: Bytes,
  encryptedSha256: Bytes,
  /** Bytes of the file. */
  length: z.int().min(0),
})
export type MediaSource = z.infer<typeof MediaSource>

/** The fields that all messages with a file have. */
export type FileFields = Pick<
  proto.Message.IImageMessage,
  'url' | 'directPath' | 'mediaKey' | 'mediaKeyTimestamp' | 'fileSha256' | 'fileEncSha256' | 'fileLength'
>

const KEY_BYTES = 32
const HASH_BYTES = 32

/** Undefined: the message does not say enough to find the file and open it. */
export function sourceFrom(kind: FileKind, fields: FileFields): MediaSource | undefined {
  const { mediaKey, fileSha256, fileEncSha256 } = fields
  if (mediaKey?.length !== KEY_BYTES || fileSha256?.length !== HASH_BYTES || fileEncSha256?.length !== HASH_BYTES) {
    return undefined
  }
  const source = {
    kind,
    directPath: fields.directPath || pathOf(fields.url),
    mediaKey: base64(mediaKey),
    mediaKeyAt: Number(fields.mediaKeyTimestamp ?? 0),
    sha256: base64(fileSha256),
    encryptedSha256: base64(fileEncSha256),
    length: Number(fields.fileLength ?? 0),
  }
  return MediaSource.safeParse(source).data
}

/** @param host that the URL names beside the path, for clients that know nothing else */
export function fieldsOf(source: MediaSource, host: string): FileFields {
  return {
    url: `https://${host}${source.directPath}`,
    directPath: source.directPath,
    mediaKey: Buffer.from(source.mediaKey, 'base64'),
    mediaKeyTimestamp: source.mediaKeyAt,
    fileSha256: Buffer.from(source.sha256, 'base64'),
    fileEncSha256: Buffer.from(source.encryptedSha256, 'base64'),
    fileLength: source.length,
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

function pathOf(url: string | null | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return undefined
  const { pathname, search } = new URL(url)
  return pathname + search
}
