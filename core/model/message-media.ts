/** Messages that carry a file. */
import { z } from 'zod'
import { standing, Words } from './message-parts.ts'

export const MEDIA_TYPES = [
  'image',
  'video',
  /** A video in a circle. */
  'round_video',
  /** A video that plays by itself, without sound. */
  'gif',
  /** A voice message. */
  'voice',
  'audio',
  'document',
  'sticker',
] as const
export type MediaType = (typeof MEDIA_TYPES)[number]

export const FILE_KINDS = ['image', 'video', 'audio', 'document', 'sticker'] as const
/** What WhatsApp and Meta tell files apart by. */
export type FileKind = (typeof FILE_KINDS)[number]

export const FILE_KIND_OF: Record<MediaType, FileKind> = {
  image: 'image',
  video: 'video',
  round_video: 'video',
  gif: 'video',
  voice: 'audio',
  audio: 'audio',
  document: 'document',
  sticker: 'sticker',
}

/** A file of a message. */
export const Media = z.object({
  id: z.uuid().optional().describe('Under which it is stored, or will be; left out: it never is'),
  status: z
    .enum(['pending', 'stored', 'failed'])
    .optional()
    .describe('How far a received file is: it is fetched right after its message was stored'),
  error: z.string().optional().describe('Why it failed, for programs: too_large, gone, damaged, unreachable, not_kept'),
  mimeType: z.string().min(1).max(255).describe('What it is'),
  size: z.int().min(0).optional().describe('Bytes'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe('Of its bytes, as hexadecimal digits'),
  fileName: Words.max(255).optional().describe('What receivers see a document called'),
  caption: Words.optional().describe('What is written below it'),
  width: z.int().min(0).optional().describe('Pixels'),
  height: z.int().min(0).optional().describe('Pixels'),
  seconds: z.int().min(0).optional().describe('How long it plays'),
})
export type Media = z.infer<typeof Media>

const common = {
  media: Media,
  /** Where the provider has the file, and what opens it: as its driver calls it. Never shown. */
  source: z.record(z.string(), z.unknown()).optional(),
  /** WhatsApp shows it once. */
  viewOnce: z.literal(true).optional(),
  ...standing,
}

const mediaMessage = <Type extends MediaType>(type: Type) => z.object({ type: z.literal(type), ...common })

export const MediaMessage = z.discriminatedUnion('type', [
  mediaMessage('image'),
  mediaMessage('video'),
  mediaMessage('round_video'),
  mediaMessage('gif'),
  mediaMessage('voice'),
  mediaMessage('audio'),
  mediaMessage('document'),
  mediaMessage('sticker'),
])
export type MediaMessage = z.infer<typeof MediaMessage>
