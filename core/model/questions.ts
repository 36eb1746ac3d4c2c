/**
 * Questions: what only WhatsApp can tell, asked through the connection of a session at the moment that somebody wants to
 * know. Nothing of it is stored. The worker's API has one route for all of them; here is what each takes and what it answers.
 */
import { z } from 'zod'

/** A worker answers within this, one way or another. */
export const ANSWER_SECONDS = 10

/** As WhatsApp writes a person or a group: 5511999990002@s.whatsapp.net, 123456789@lid, 120363001234567890@g.us. */
export const Chat = z.string().min(1).max(64)
/** E.164 with +. */
const PhoneNumber = z.string().regex(/^\+\d{5,20}$/)

export const Person = z.object({ phoneNumber: PhoneNumber.optional(), lid: Chat.optional() })

const Profile = z.object({
  ...Person.shape,
  /** What they call themselves, where WhatsApp tells it. */
  name: z.string().optional(),
  /** Left out: they have none, or don't show it to us. */
  about: z.string().optional(),
  aboutSetAt: z.iso.datetime().optional(),
  /** WhatsApp's own address, good for some days. Left out as above. */
  pictureUrl: z.string().optional(),
})

const GroupSummary = z.object({
  id: Chat,
  subject: z.string(),
  description: z.string().optional(),
  owner: Person.optional(),
  createdAt: z.iso.datetime().optional(),
  size: z.int(),
  /** Only its admins may write. */
  announcements: z.boolean(),
  /** Only its admins may change what it is called and says of itself. */
  locked: z.boolean().default(false), // workers of the release before don't say
})

export const Presence = z.enum(['available', 'unavailable', 'composing', 'recording', 'unknown'])
export type Presence = z.infer<typeof Presence>

export const questions = {
  /** Of the linked account itself. */
  profile: { input: z.object({}), answer: Profile },
  contact: { input: z.object({ chat: Chat }), answer: Profile },
  /** Whether a number has WhatsApp. `chat`: how WhatsApp writes it, which may differ from what was asked. */
  number: {
    input: z.object({ phoneNumber: PhoneNumber }),
    answer: z.object({ exists: z.boolean(), chat: Chat.optional(), lid: Chat.optional() }),
  },
  /** All that the account is in, without their members. */
  groups: { input: z.object({}), answer: z.object({ groups: z.array(GroupSummary) }) },
  group: {
    input: z.object({ chat: Chat }),
    answer: z.object({
      ...GroupSummary.shape,
      members: z.array(z.object({ ...Person.shape, role: z.enum(['member', 'admin', 'owner']) })),
    }),
  },
  /** The code that lets whoever has it into a group: of its admins only. */
  invite: { input: z.object({ chat: Chat }), answer: z.object({ code: z.string() }) },
  /** Whom the account has blocked. */
  blocked: { input: z.object({}), answer: z.object({ people: z.array(Person) }) },
  /** Has WhatsApp tell of a contact from now on, and waits so long for the first word. */
  presence: {
    input: z.object({ chat: Chat, waitSeconds: z.number().min(0).max(5) }),
    answer: z.object({
      presence: Presence,
      /** When we were told; left out: never. */
      at: z.iso.datetime().optional(),
      /** When they were last on line, if they show it. */
      lastSeenAt: z.iso.datetime().optional(),
    }),
  },
} as const

export type Question = keyof typeof questions
export type InputOf<Q extends Question> = z.infer<(typeof questions)[Q]['input']>
export type AnswerOf<Q extends Question> = z.infer<(typeof questions)[Q]['answer']>

export const isQuestion = (text: string): text is Question => Object.hasOwn(questions, text)

/** What a session shows of itself: to everybody that it may concern, or to one chat. */
export const ShownPresence = z.union([
  z.object({ presence: z.enum(['available', 'unavailable']) }),
  z.object({ presence: z.enum(['composing', 'recording', 'paused']), chat: Chat }),
])
export type ShownPresence = z.infer<typeof ShownPresence>
