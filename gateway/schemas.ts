/** What the API takes and answers. The API document is generated from these. */
import { NAME_PATTERN } from '@berth/core/model/names.ts'
import { ConnectionState } from '@berth/core/model/session.ts'
import { z } from 'zod'
import { PERSON_PATTERN, PHONE_NUMBER_PATTERN, RECIPIENT_PATTERN } from './chat.ts'

const NAME_RULE =
  'Write at most 63 of a-z, 0-9 and "-", starting and ending with a letter or digit, for example "support"'
export const NOT_AN_OBJECT = 'Send a JSON object'
export const MAX_PAGE = 100

/** Any text will do where a name is looked up: a name that can't exist is simply not found. */
export const SessionParams = z.object({
  name: z
    .string()
    .describe('What you call the session')
    .meta({ examples: ['support'] }),
})
export const NewSessionParams = z.object({
  name: z
    .string()
    .regex(NAME_PATTERN, NAME_RULE)
    .describe('What you call the session')
    .meta({ examples: ['support'] }),
})

const STATES = `What it is doing:

- \`Pending\`: no worker holds it at the moment; it goes on by itself, or \`message\` says what is missing
- \`Connecting\`, \`Disconnected\`: on its way to WhatsApp; nothing to do
- \`WaitingForScan\`: ask for the code of …/qr and scan it with the phone, or type the one of …/pairing-code there
- \`Connected\`: it sends and receives
- \`Degraded\`: it receives, but WhatsApp confirms nothing of what it sends; its connection is made anew by itself
- \`Stopping\`, \`Stopped\`: as you asked for
- \`UsedElsewhere\`: somebody else uses the same link; it tries again now and then
- \`LoggedOut\`, \`Banned\`, \`Failed\`: a person must see to it; \`message\` says how`

export const SessionState = z
  .enum([...ConnectionState.options, 'Pending', 'Stopping'])
  .meta({ id: 'SessionState', description: STATES })
export type SessionState = z.infer<typeof SessionState>

export const Session = z
  .object({
    id: z.uuid().describe('Stays the same when the session is created again under its name'),
    name: z.string().describe('What you call it'),
    state: SessionState,
    reason: z.string().optional().describe('One word for programs: why it is so'),
    message: z.string().optional().describe('Why it is so, and what to do'),
    since: z.iso.datetime().describe('Since when it has been so'),
    phoneNumber: z.string().optional().describe('The linked phone, as +5511999990001'),
    lid: z.string().optional().describe("WhatsApp's other id of the linked account"),
    attempt: z.int().min(0).describe('Tries to connect since the last success'),
    desiredState: z.enum(['Running', 'Stopped']).describe('What you asked for'),
    createdAt: z.iso.datetime().describe('When the platform took it up'),
  })
  .meta({
    id: 'Session',
    examples: [
      {
        id: '5f0c6a3e-8f0e-5d5e-9f6e-0b7f5d1f2a3b',
        name: 'support',
        state: 'Connected',
        since: '2026-01-05T10:15:00.000Z',
        phoneNumber: '+5511999990001',
        attempt: 0,
        desiredState: 'Running',
        createdAt: '2026-01-05T10:14:21.000Z',
      },
    ],
  })
export type Session = z.infer<typeof Session>

export const DeletedSession = z
  .object({
    id: z.uuid().describe('The id that the session had'),
    name: z.string().describe('The name that it had'),
    deleted: z.boolean().describe('It is gone already'),
  })
  .meta({
    id: 'DeletedSession',
    examples: [{ id: '5f0c6a3e-8f0e-5d5e-9f6e-0b7f5d1f2a3b', name: 'support', deleted: false }],
  })

export const SessionChange = z
  .strictObject(
    {
      desiredState: z
        .enum(['Running', 'Stopped'], 'Write "Running" or "Stopped"')
        .default('Running')
        .describe('Whether it is to run'),
      provider: z
        .enum(['Baileys', 'CloudAPI'], 'Write "Baileys" or "CloudAPI"')
        .optional()
        .describe(
          'Of a new session. Baileys: a linked phone, which it is without a word. CloudAPI: a number of the Cloud API, connected with PUT …/channel. It can not be changed',
        ),
      linking: z
        .strictObject({
          method: z.enum(['QR'], 'Write "QR"').default('QR').describe('QR: the phone scans a code'),
        })
        .default({ method: 'QR' })
        .describe('How the phone is linked'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'SessionChange', examples: [{ desiredState: 'Running', linking: { method: 'QR' } }] })
export type SessionChange = z.infer<typeof SessionChange>

export const MessageStatus = z
  .enum(['scheduled', 'queued', 'sending', 'failed', 'cancelled', 'sent', 'delivered', 'read', 'played', 'received'])
  .meta({
    id: 'MessageStatus',
    description:
      '(scheduled →) queued → sending → sent (WhatsApp took it) → delivered → read → played; or failed, or cancelled by you. received: from a contact',
  })
export type MessageStatus = z.infer<typeof MessageStatus>

const TO_RULE =
  'Write a phone number with country code, for example "+5511999990002", or the "chat" of a message that you received'

export const Recipient = z
  .string(TO_RULE)
  .regex(RECIPIENT_PATTERN, TO_RULE)
  .describe('A phone number (E.164), or the chat of a received message')
  .meta({ examples: ['+5511999990002'] })

const PHONE_NUMBER_RULE = 'Write a phone number with country code, for example "+5511999990001"'

export const PhoneNumber = z
  .string(PHONE_NUMBER_RULE)
  .regex(PHONE_NUMBER_PATTERN, PHONE_NUMBER_RULE)
  .meta({ examples: ['+5511999990001'] })

const PERSON_RULE = 'Write a phone number with country code, for example "+5511999990002", or the id of a contact'

export const PersonAddress = z
  .string(PERSON_RULE)
  .regex(PERSON_PATTERN, PERSON_RULE)
  .describe('A phone number (E.164), or the id of a contact')
  .meta({ examples: ['+5511999990002'] })

export const PersonParams = SessionParams.extend({ contact: PersonAddress })

const KEY_RULE = 'Write 1 to 128 visible ASCII characters, for example a UUID'

/** Of the header Idempotency-Key. */
export const IdempotencyKey = (what: string) =>
  z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, KEY_RULE)
    .optional()
    .describe(what)
    .meta({ examples: ['7f2c1c1e-0d0b-4d8e-9a53-3d2f1a0b4c5d'] })

/** Of a line that people read, in characters. */
export const Line = (what: string, { min = 1, max }: { min?: number; max: number }) => {
  const rule = `Write ${min} to ${max} characters of valid Unicode without U+0000`
  return z
    .string(rule)
    .min(min, rule)
    .max(max, rule)
    .refine((text) => text.isWellFormed() && !text.includes('\u0000'), rule)
    .describe(what)
}

export const Command = z
  .object({
    id: z.uuid().describe('Under which it is read again'),
    session: z.string().describe('Name of the session'),
    kind: z.enum(['logout', 'read']).describe('What is to be done'),
    status: z
      .enum(['queued', 'done', 'failed'])
      .describe('queued: it waits until the session can do it; it is not forgotten'),
    error: z.string().optional().describe('Why it failed'),
    createdAt: z.iso.datetime().describe('When you asked for it'),
    finishedAt: z.iso.datetime().optional().describe('When it was done, or failed'),
  })
  .meta({
    id: 'Command',
    examples: [
      {
        id: '019b8a40-1c2d-7a3b-8c4d-5e6f7a8b9c0d',
        session: 'support',
        kind: 'logout',
        status: 'queued',
        createdAt: '2026-01-05T10:20:00.000Z',
      },
    ],
  })
export type Command = z.infer<typeof Command>

export const Limit = z.coerce
  .number()
  .int()
  .min(1, `Write a number from 1 to ${MAX_PAGE}`)
  .max(MAX_PAGE, `Write a number from 1 to ${MAX_PAGE}`)
  .default(50)
  .describe('How many at most')

const CURSOR_RULE = 'Pass the nextCursor of the page before, unchanged'

/** @param example one that the list could answer */
export const cursorLike = (example: string) =>
  z
    .string()
    .max(200, CURSOR_RULE)
    .regex(/^[\w-]*$/, CURSOR_RULE)
    .optional()
    .describe('nextCursor of the page before, unchanged; without it the first page')
    .meta({ examples: [example] })

/** @param cursor an example of the next page's */
export const pageOf = <T extends z.ZodType>(item: T, cursor: string) =>
  z.object({
    data: z.array(item).describe('At most "limit" of them'),
    nextCursor: z
      .string()
      .nullable()
      .describe('Pass it as "cursor" for the next page; null: this was the last one')
      .meta({ examples: [cursor] }),
  })

/** true or false in a query. */
export const Flag = (what: string) =>
  z
    .enum(['true', 'false'], 'Write "true" or "false"')
    .transform((text) => text === 'true')
    .optional()
    .describe(what)

export const Instant = (what: string) =>
  z.iso
    .datetime({ offset: true, error: 'Write a time as 2026-01-05T10:15:00Z' })
    .meta({ examples: ['2026-01-05T10:15:00Z'] })
    .transform((text) => new Date(text))
    .optional()
    .describe(what)
