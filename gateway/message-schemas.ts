/** Messages as the API shows them. What they say has the shapes of core/model, which the database has, too. */
import { Answer, Contact, Location, Poll, Preview } from '@berth/core/model/message.ts'
import { Choices, List, Template } from '@berth/core/model/message-interactive.ts'
import { Media } from '@berth/core/model/message-media.ts'
import { z } from 'zod'
import { MessageStatus } from './schemas.ts'

export const EXAMPLE_ID = '019b8a3e-8f0e-7d5e-9f6e-0b7f5d1f2a3b'
export const EXAMPLE_TO = '+5511999990002'

export const MessageId = z
  .string()
  .describe('The id of the message')
  .meta({ examples: [EXAMPLE_ID] })

const Person = z.object({
  phoneNumber: z.string().optional().describe('When WhatsApp tells it'),
  lid: z.string().optional().describe("WhatsApp's other id of a person"),
  name: z.string().optional().describe('What they call themselves'),
})

/** What one person did to a message. */
const done = {
  fromMe: z.boolean().describe('By the linked account'),
  from: Person.optional().describe('By whom else'),
  at: z.iso.datetime().describe('When'),
}

const TYPES = `What it is:

- \`text\`, \`location\`, \`contacts\`, \`poll\`; \`image\`, \`video\`, \`round_video\`, \`gif\`, \`voice\`, \`audio\`, \`document\`, \`sticker\`:
  what it says is in the field of that name, and in \`media\` where it is a file
- \`template\`, \`list\`, \`buttons\` (in \`choices\`): what numbers of the Cloud API send
- \`button_answer\`, \`list_answer\`: what a contact chose, in \`answer\`
- \`reaction\`, \`edit\`, \`delete\`, \`vote\`: what somebody did to the earlier \`message\`, which shows the outcome as well
- \`unsupported\`: what Berth does not know, in \`raw\`

More may come.`

export const Message = z
  .object({
    id: z.uuid().describe('Under which it is read again'),
    session: z.string().describe('Name of the session'),
    chat: z.string().describe('The conversation: answer to it by using it as "to"'),
    direction: z.enum(['incoming', 'outgoing']).describe('incoming: from a contact; outgoing: from the linked account'),
    fromMe: z.boolean().describe('Sent by the linked account: by you, or on the phone itself'),
    to: z.string().optional().describe('Outgoing: to whom; E.164 when the phone number is known'),
    from: Person.optional().describe('Incoming: who sent it'),
    type: z.string().describe(TYPES),
    text: z.string().optional().describe('What is written; of an edit, what is written now'),
    preview: Preview.optional().describe('Of a page that the text links to'),
    mentions: z.array(z.string()).optional().describe('Whom the text names: phone numbers or LIDs'),
    location: Location.optional().describe('In degrees'),
    contacts: z.array(Contact).optional().describe("People's cards"),
    poll: Poll.optional().describe('What is asked; the votes are in `votes`'),
    template: Template.optional().describe('Which, and what stands in its gaps'),
    choices: Choices.optional().describe('What is asked, with buttons to answer'),
    list: List.optional().describe('What is asked, with a list to choose from'),
    answer: Answer.optional().describe('What was chosen, by the id that who offered it gave it'),
    media: Media.optional().describe('The file'),
    viewOnce: z.boolean().optional().describe('WhatsApp shows it once'),
    forwarded: z.boolean().optional().describe('It was forwarded'),
    quote: z
      .object({
        id: z.uuid().optional().describe('Its id, when Berth has it'),
        fromMe: z.boolean().describe('Written by the linked account'),
        from: Person.optional().describe('Who else wrote it'),
        type: z.string().optional().describe('What it is'),
        text: z.string().optional().describe('What is written in it, as the answer has it'),
      })
      .optional()
      .describe('The message that this one answers'),
    message: z.uuid().optional().describe('Of a change: the message that it changes, when Berth has it'),
    emoji: z.string().optional().describe('Of a reaction; empty: it was taken back'),
    options: z.array(z.string()).optional().describe('Of a vote, when Berth has the poll; none: it was taken back'),
    kind: z.string().optional().describe("Of an unsupported message: WhatsApp's word for it"),
    raw: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Of an unsupported message: what WhatsApp sent, bytes in base64'),
    reactions: z
      .array(z.object({ emoji: z.string(), ...done }))
      .optional()
      .describe('How people reacted to it, each with their last one'),
    votes: z
      .array(z.object({ options: z.array(z.string()), ...done }))
      .optional()
      .describe('What people chose in the poll'),
    editedAt: z.iso.datetime().optional().describe('When the text got what it is now'),
    deletedAt: z.iso
      .datetime()
      .optional()
      .describe('When it was deleted for everyone: what it said is not shown any more'),
    status: MessageStatus,
    createdAt: z.iso.datetime().describe('When Berth stored it'),
    sentAt: z.iso.datetime().optional().describe('When WhatsApp took it'),
    statusAt: z.iso.datetime().describe('When the status was reached'),
    timeline: z
      .array(z.object({ status: MessageStatus, at: z.iso.datetime() }))
      .optional()
      .describe(
        'Outgoing: each status that it reached, and when Berth learnt it; of `sent`, when WhatsApp took it. One that was passed unseen is left out',
      ),
    sendAt: z.iso.datetime().optional().describe('Outgoing: not sent before this time'),
    expiresAt: z.iso.datetime().optional().describe('Outgoing: handed over before this time, or never'),
    error: z
      .object({
        code: z.string().describe('For programs'),
        message: z.string().optional().describe('For people'),
        remedy: z.string().optional().describe('What to do about it'),
      })
      .optional()
      .describe('Why it was not sent'),
  })
  .meta({
    id: 'Message',
    examples: [
      {
        id: EXAMPLE_ID,
        session: 'support',
        chat: '5511999990002@s.whatsapp.net',
        direction: 'outgoing',
        fromMe: true,
        to: EXAMPLE_TO,
        type: 'text',
        text: 'Hello!',
        reactions: [
          {
            emoji: '👍',
            fromMe: false,
            from: { phoneNumber: EXAMPLE_TO, name: 'Ana' },
            at: '2026-01-05T10:17:00.000Z',
          },
        ],
        status: 'read',
        createdAt: '2026-01-05T10:16:00.000Z',
        sentAt: '2026-01-05T10:16:00.180Z',
        statusAt: '2026-01-05T10:16:30.000Z',
        timeline: [
          { status: 'queued', at: '2026-01-05T10:16:00.000Z' },
          { status: 'sending', at: '2026-01-05T10:16:00.010Z' },
          { status: 'sent', at: '2026-01-05T10:16:00.180Z' },
          { status: 'delivered', at: '2026-01-05T10:16:01.000Z' },
          { status: 'read', at: '2026-01-05T10:16:30.000Z' },
        ],
      },
    ],
  })
export type Message = z.infer<typeof Message>
