// Requests and answers about what accounts tell of themselves, and whom they have blocked.
import { z } from 'zod'
import { MAXIMUM_PICTURE } from '../whatsapp/profile.ts'
import { NewPhone, time } from './schemas.ts'

const { name } = NewPhone.shape

export const Profile = z.object({
  name: z.string(),
  /** Null while the person has written none. */
  about: z.object({ text: z.string(), setAt: time }).nullable(),
  /** Where the picture is. Another one has another address. */
  pictureUrl: z.string().nullable(),
  /** Others can't add the account to a group: they must invite it. */
  asksFirst: z.boolean(),
})
export const ProfileChange = z.strictObject({
  name: name.optional(),
  about: z.string().max(139).optional(),
  /** Of any format, in base64; null takes the picture away. */
  picture: z
    .base64()
    .min(1)
    .max(Math.ceil(MAXIMUM_PICTURE / 3) * 4)
    .nullable()
    .optional(),
  asksFirst: z.boolean().optional(),
})
export const Blocked = z.array(z.string())
export const NewBlock = z.strictObject({ blocked: z.boolean() })

export type Profile = z.infer<typeof Profile>
export type ProfileChange = z.infer<typeof ProfileChange>
