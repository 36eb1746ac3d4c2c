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

/** A file of a message. */
export const Media = z.object({
  /** Under which it is stored, or will be; left out: it never is. */
  id: z.uuid().optional(),
  /** How far a received file is: it is fetched after its message was stored. */
  status: z.enum(['pending', 'stored', 'failed']).optional(),
  /** Why it failed: a word for programs. */
  error: z.string().optional(),
  mimeType: z.string().min(1).max(255),
  /** Bytes. */
  size: z.int().min(0).optional(),
  /** Of the file, as hexadecimal digits. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  fileName: Words.max(255).optional(),
  caption: Words.optional(),
  /** Pixels. */
  width: z.int().min(0).optional(),
  height: z.int().min(0).optional(),
  /** How long it plays. */
  seconds: z.int().min(0).optional(),
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
