/** Messages as the API takes and shows them. What they say has the shapes of core/model, which the database has, too. */
import { Answer, Contact, Location, Poll, Preview } from '@berth/core/model/message.ts'
import { MEDIA_TYPES, Media } from '@berth/core/model/message-media.ts'
import { PersonAddress, Words } from '@berth/core/model/message-parts.ts'
import { z } from 'zod'
import { MessageStatus, NOT_AN_OBJECT, PhoneNumber, Recipient } from './schemas.ts'

export const MAX_TEXT_BYTES = 65_536

const EXAMPLE_ID = '019b8a3e-8f0e-7d5e-9f6e-0b7f5d1f2a3b'
const EXAMPLE_TO = '+5511999990002'

export const MessageId = z
  .string()
  .describe('The id of the message')
  .meta({ examples: [EXAMPLE_ID] })

const Text = Words.describe('At most 64 kB of UTF-8, without U+0000').meta({
  examples: ['Hello!'],
  maxLength: MAX_TEXT_BYTES,
})

const ID_RULE = 'Write the id of a message'
const MessageRef = (what: string) =>
  z
    .uuid(ID_RULE)
    .describe(what)
    .meta({ examples: [EXAMPLE_ID] })

const Mentions = z
  .array(PersonAddress)
  .max(1024, 'Name at most 1024 people')
  .optional()
  .describe('Whom it names: phone numbers or LIDs. The text has them, too, as @5511999990002')

const around = {
  to: Recipient,
  quote: z
    .strictObject({ id: MessageRef('The message that it answers; of the same chat') })
    .optional()
    .describe('The message that it answers'),
}

const NewText = z
  .strictObject(
    {
      type: z.literal('text').optional().describe('May be left out'),
      ...around,
      text: Text,
      mentions: Mentions,
      preview: z
        .strictObject(Preview.shape)
        .optional()
        .describe('What is shown of a page that the text links to. Without it nothing is: nobody fetches pages'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'NewText', examples: [{ to: EXAMPLE_TO, text: 'Hello!' }] })

const NewLocation = z
  .strictObject({
    type: z.literal('location'),
    ...around,
    location: z.strictObject(Location.omit({ live: true }).shape).describe('In degrees'),
  })
  .meta({
    id: 'NewLocation',
    examples: [
      { type: 'location', to: EXAMPLE_TO, location: { latitude: -23.5614, longitude: -46.6559, name: 'MASP' } },
    ],
  })

const CARD_RULE = 'Write a phoneNumber, or a whole vcard'

const NewContacts = z
  .strictObject({
    type: z.literal('contacts'),
    ...around,
    contacts: z
      .array(
        z
          .strictObject({
            name: Contact.shape.name,
            phoneNumber: PhoneNumber.optional().describe('Without a vcard, this is on the card'),
            vcard: Contact.shape.vcard.optional().describe('A whole card (vCard 3.0) in place of the number'),
          })
          .refine(({ phoneNumber, vcard }) => (phoneNumber === undefined) !== (vcard === undefined), CARD_RULE),
      )
      .min(1, 'Write at least one card')
      .max(100, 'Write at most 100 cards'),
  })
  .meta({
    id: 'NewContacts',
    examples: [{ type: 'contacts', to: EXAMPLE_TO, contacts: [{ name: 'Ana Souza', phoneNumber: '+5511999990003' }] }],
  })

const isDistinct = (options: string[]): boolean => new Set(options).size === options.length
const PollOptions = z
  .array(Poll.shape.options.element)
  .min(2, 'Write at least two options')
  .max(12, 'Write at most 12 options')
  .refine(isDistinct, 'Write each option once')

const NewPoll = z
  .strictObject({
    type: z.literal('poll'),
    ...around,
    poll: z
      .strictObject({
        question: Poll.shape.question,
        options: PollOptions,
        choices: Poll.shape.choices.default(1).describe('How many a person may choose; 0: as many as they like'),
      })
      .refine(({ options, choices }) => choices <= options.length, {
        path: ['choices'],
        message: 'Write no more than there are options',
      }),
  })
  .meta({
    id: 'NewPoll',
    examples: [{ type: 'poll', to: EXAMPLE_TO, poll: { question: 'Lunch?', options: ['Yes', 'No'], choices: 1 } }],
  })

const FILE_RULE = 'Write the id of a file, or a url'

const NewFile = z
  .strictObject({
    type: z.enum(MEDIA_TYPES).describe('What it is shown as; anything can be a document'),
    ...around,
    media: z
      .strictObject({
        id: z
          .uuid('Write the id of a file')
          .optional()
          .describe('Of a file that you uploaded with POST /v1/media, or of a received one'),
        url: z
          .url({ protocol: /^https?$/, error: 'Write a URL with http or https' })
          .max(2048, 'Write a URL of at most 2048 characters')
          .optional()
          .describe('In place of the id: where the file is fetched from, once, before the answer'),
        fileName: Media.shape.fileName,
        caption: Media.shape.caption,
        width: Media.shape.width,
        height: Media.shape.height,
        seconds: Media.shape.seconds,
      })
      .refine(({ id, url }) => (id === undefined) !== (url === undefined), FILE_RULE)
      .describe('The file'),
  })
  .meta({
    id: 'NewFile',
    examples: [
      { type: 'image', to: EXAMPLE_TO, media: { url: 'https://example.com/cat.jpg', caption: 'Our cat' } },
      { type: 'document', to: EXAMPLE_TO, media: { id: EXAMPLE_ID, fileName: 'invoice.pdf' } },
    ],
  })
export type NewFile = z.infer<typeof NewFile>

const NewForward = z
  .strictObject({ type: z.literal('forward'), to: Recipient, message: MessageRef('The message to be forwarded') })
  .meta({ id: 'NewForward', examples: [{ type: 'forward', to: EXAMPLE_TO, message: EXAMPLE_ID }] })

const NewReaction = z
  .strictObject({
    type: z.literal('reaction'),
    message: MessageRef('The message that it is about'),
    emoji: z
      .string('Write an emoji, or nothing to take the reaction back')
      .max(64, 'Write one emoji')
      .refine((emoji) => emoji.isWellFormed() && !emoji.includes('\u0000'), 'Write one emoji')
      .describe('Takes the place of the reaction before; empty takes it back'),
  })
  .meta({ id: 'NewReaction', examples: [{ type: 'reaction', message: EXAMPLE_ID, emoji: '👍' }] })

const NewEdit = z
  .strictObject({
    type: z.literal('edit'),
    message: MessageRef(
      'The message that gets another text: one of yours, of type text, sent less than 15 minutes ago',
    ),
    text: Text,
    mentions: Mentions,
  })
  .meta({ id: 'NewEdit', examples: [{ type: 'edit', message: EXAMPLE_ID, text: 'Hello Ana!' }] })

const NewDelete = z
  .strictObject({ type: z.literal('delete'), message: MessageRef('The message that goes, for everyone: one of yours') })
  .meta({ id: 'NewDelete', examples: [{ type: 'delete', message: EXAMPLE_ID }] })

const NewVote = z
  .strictObject({
    type: z.literal('vote'),
    message: MessageRef('The poll'),
    options: z
      .array(z.string())
      .max(12, 'Choose at most 12 options')
      .refine(isDistinct, 'Write each option once')
      .describe('Takes the place of the vote before; none takes it back'),
  })
  .meta({ id: 'NewVote', examples: [{ type: 'vote', message: EXAMPLE_ID, options: ['Yes'] }] })

const kinds = [
  NewText,
  NewLocation,
  NewContacts,
  NewPoll,
  NewFile,
  NewForward,
  NewReaction,
  NewEdit,
  NewDelete,
  NewVote,
] as const

const typesOf = ({ shape: { type } }: (typeof kinds)[number]): string[] => {
  const named = type instanceof z.ZodOptional ? type.unwrap() : type
  return named instanceof z.ZodEnum ? named.options : [named.value]
}
const TYPE_RULE = `Write one of ${kinds.flatMap(typesOf).join(', ')}`

export const NewMessage = z
  .discriminatedUnion('type', kinds, { error: ({ code }) => (code === 'invalid_union' ? TYPE_RULE : NOT_AN_OBJECT) })
  .meta({ id: 'NewMessage', description: 'What is to be sent; `type` says what it is' })
export type NewMessage = z.infer<typeof NewMessage>

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
    error: z
      .object({
        code: z.string().describe('For programs'),
        message: z.string().optional().describe('For people'),
      })
      .optional()
      .describe('Why it failed'),
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
      },
    ],
  })
export type Message = z.infer<typeof Message>
