/** BERTH_ENCRYPTION_KEYS and BERTH_CHANNEL_KEYS, as processes read them. */
import { z } from 'zod'
import { KeyRing } from './seal.ts'

export const encryptionKeys = z
  .string()
  .transform((text, context) => {
    try {
      return KeyRing.parse(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  })
  .describe('number:base64 of 32 bytes, as in 1:<openssl rand -base64 32>')
