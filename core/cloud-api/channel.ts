/** What a session of the Cloud API is reached by, and how that is kept. */
import { z } from 'zod'
import type { Sealer } from '../crypto/seal.ts'
import { CHANNEL_PLACE } from '../postgres/channels.ts'

/** How the provider is called in resources and rows. */
export const CLOUD_API = 'CloudAPI'
/** The same in addresses. */
export const CLOUD_API_PATH = 'cloud-api'

export const ChannelSecrets = z.object({
  accessToken: z.string(),
  /** Of the Meta app whose webhooks come to the channel's own address. */
  appSecret: z.string().optional(),
  /** What Meta names when it tries that address. */
  verifyToken: z.string(),
})
export type ChannelSecrets = z.infer<typeof ChannelSecrets>

export const sealSecrets = (sealer: Sealer, secrets: ChannelSecrets): Buffer =>
  sealer.seal(CHANNEL_PLACE, Buffer.from(JSON.stringify(secrets)))

/** Throws SealError. */
export const openSecrets = (sealer: Sealer, box: Buffer): ChannelSecrets =>
  ChannelSecrets.parse(JSON.parse(sealer.open(CHANNEL_PLACE, box).toString()))
