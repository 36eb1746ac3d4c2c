/**
 * Acts: what is done at WhatsApp at once, through the connection of a session, and changes something there: a group is made,
 * a contact blocked. Nothing of it is stored. The worker's API has one route for all of them; here is what each takes and what
 * it answers. Unlike a question, an act without an answer may have been done: nobody repeats it but who asked for it.
 */
import { z } from 'zod'
import { Chat, Person } from './questions.ts'

/** WhatsApp takes no more; the first of them the app shows whole. */
export const MAX_SUBJECT = 100
export const MAX_DESCRIPTION = 2048
export const MAX_ABOUT = 139
export const MAX_NAME = 25
/** Of one act. WhatsApp bans accounts that add many at once. */
export const MAX_ADDED = 50
/** Bytes. WhatsApp shows 640 × 640 pixels. */
export const MAX_PICTURE_BYTES = 512 * 1024

/** What became of somebody who was to be added to a group. */
export const Added = z.enum([
  'added',
  'already_member',
  /** Their privacy settings let nobody of us add them: send them the invitation. */
  'invitation_needed',
  'not_on_whatsapp',
  /** They left lately, and can only come back by themselves. */
  'left_recently',
  'group_full',
  /** They have blocked the account, or WhatsApp has another reason. */
  'refused',
])
export type Added = z.infer<typeof Added>

const AddedPerson = z.object({ ...Person.shape, outcome: Added })
const Nothing = z.object({})

export const acts = {
  createGroup: {
    input: z.object({ subject: z.string().min(1).max(MAX_SUBJECT), members: z.array(Chat).max(MAX_ADDED) }),
    /** `missing`: those who are not in it, and why. */
    answer: z.object({ id: Chat, missing: z.array(AddedPerson) }),
  },
  addMembers: {
    input: z.object({ chat: Chat, members: z.array(Chat).min(1).max(MAX_ADDED) }),
    /** Everybody who was named, as WhatsApp lists them. */
    answer: z.object({ members: z.array(AddedPerson) }),
  },
  removeMember: { input: z.object({ chat: Chat, member: Chat }), answer: Nothing },
  setRole: { input: z.object({ chat: Chat, member: Chat, role: z.enum(['member', 'admin']) }), answer: Nothing },
  /** Exactly one of the fields: WhatsApp changes one at a time. An empty description takes it away. */
  changeGroup: {
    input: z.object({
      chat: Chat,
      change: z.union([
        z.strictObject({ subject: z.string().min(1).max(MAX_SUBJECT) }),
        z.strictObject({ description: z.string().max(MAX_DESCRIPTION) }),
        z.strictObject({ announcements: z.boolean() }),
        z.strictObject({ locked: z.boolean() }),
      ]),
    }),
    answer: Nothing,
  },
  leaveGroup: { input: z.object({ chat: Chat }), answer: Nothing },
  /** The code before lets nobody in any more. */
  renewInvite: { input: z.object({ chat: Chat }), answer: z.object({ code: z.string() }) },
  /** `chat` is left out when an admin of the group must let the account in first. */
  joinGroup: { input: z.object({ code: z.string().min(1).max(64) }), answer: z.object({ chat: Chat.optional() }) },
  /** Of the linked account; exactly one of the fields, as with groups. An empty text takes it away. */
  changeProfile: {
    input: z.object({
      change: z.union([
        z.strictObject({ name: z.string().min(1).max(MAX_NAME) }),
        z.strictObject({ about: z.string().max(MAX_ABOUT) }),
      ]),
    }),
    answer: Nothing,
  },
  /** Of a group, or of the linked account. A JPEG in base64; without one, there is none any more. */
  setPicture: {
    input: z.object({
      chat: Chat.optional(),
      picture: z
        .base64()
        .max(Math.ceil(MAX_PICTURE_BYTES / 3) * 4)
        .optional(),
    }),
    answer: Nothing,
  },
  setBlocked: { input: z.object({ chat: Chat, blocked: z.boolean() }), answer: Nothing },
} as const

export type Act = keyof typeof acts
export type ActInput<A extends Act> = z.infer<(typeof acts)[A]['input']>
export type ActAnswer<A extends Act> = z.infer<(typeof acts)[A]['answer']>

export const isAct = (text: string): text is Act => Object.hasOwn(acts, text)
