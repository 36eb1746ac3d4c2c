/** Messages as the API takes them: one shape for each type. What they say has the shapes of core/model. */
import { Contact, Location, Poll, Preview } from '@berth/core/model/message.ts'
import { Choices, List, Template } from '@berth/core/model/message-interactive.ts'
import { MEDIA_TYPES, Media } from '@berth/core/model/message-media.ts'
import { PersonAddress, Words } from '@berth/core/model/message-parts.ts'
import { z } from 'zod'
import { EXAMPLE_ID, EXAMPLE_TO } from './message-schemas.ts'
import { NOT_AN_OBJECT, PhoneNumber, Recipient } from './schemas.ts'
import { deadline, timing } from './send-times.ts'

export const MAX_TEXT_BYTES = 65_536

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
  ...timing,
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
  .meta({
    id: 'NewText',
    examples: [
      { to: EXAMPLE_TO, text: 'Hello!' },
      { to: EXAMPLE_TO, text: 'See you tomorrow at ten', ttlSeconds: 3600 },
    ],
  })

const NewLocation = z
  .strictObject({
    type: z.literal('location').describe('A place'),
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
    type: z.literal('contacts').describe("People's cards"),
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
      .max(100, 'Write at most 100 cards')
      .describe("People's cards"),
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
  .describe('What can be chosen')

const NewPoll = z
  .strictObject({
    type: z.literal('poll').describe('A question with options'),
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
      })
      .describe('What is asked'),
  })
  .meta({
    id: 'NewPoll',
    examples: [{ type: 'poll', to: EXAMPLE_TO, poll: { question: 'Lunch?', options: ['Yes', 'No'], choices: 1 } }],
  })

export const FILE_RULE = 'Write the id of a file, or a url'

/** A file, by its id or by where it is. */
export const FILE_REFERENCE = {
  id: z
    .uuid('Write the id of a file')
    .optional()
    .describe('Of a file that you uploaded with POST /v1/media, or of a received one'),
  url: z
    .url({ protocol: /^https?$/, error: 'Write a URL with http or https' })
    .max(2048, 'Write a URL of at most 2048 characters')
    .optional()
    .describe('In place of the id: where the file is fetched from, once, before the answer'),
}

export const namesOneFile = ({ id, url }: { id?: string | undefined; url?: string | undefined }): boolean =>
  (id === undefined) !== (url === undefined)

const NewTemplate = z
  .strictObject({
    type: z.literal('template').describe('A text that Meta has approved; of numbers of the Cloud API'),
    ...around,
    template: z.strictObject(Template.shape).describe('Which, and what stands in its gaps'),
  })
  .meta({
    id: 'NewTemplate',
    examples: [{ type: 'template', to: EXAMPLE_TO, template: { name: 'order_sent', language: 'en_US' } }],
  })

const NewButtons = z
  .strictObject({
    type: z.literal('buttons').describe('A text with buttons; of numbers of the Cloud API'),
    ...around,
    choices: z.strictObject(Choices.shape).describe('What is asked, and what can be answered'),
  })
  .meta({
    id: 'NewButtons',
    examples: [
      {
        type: 'buttons',
        to: EXAMPLE_TO,
        choices: {
          text: 'Is Tuesday fine?',
          buttons: [
            { id: 'yes', text: 'Yes' },
            { id: 'no', text: 'No' },
          ],
        },
      },
    ],
  })

const NewList = z
  .strictObject({
    type: z.literal('list').describe('A text with a list to choose from; of numbers of the Cloud API'),
    ...around,
    list: z.strictObject(List.shape).describe('What is asked, and what can be chosen'),
  })
  .meta({
    id: 'NewList',
    examples: [
      {
        type: 'list',
        to: EXAMPLE_TO,
        list: { text: 'When?', button: 'Choose', sections: [{ rows: [{ id: 'tue', text: 'Tuesday' }] }] },
      },
    ],
  })

const NewFile = z
  .strictObject({
    type: z.enum(MEDIA_TYPES).describe('What it is shown as; anything can be a document'),
    ...around,
    media: z
      .strictObject({
        ...FILE_REFERENCE,
        fileName: Media.shape.fileName,
        caption: Media.shape.caption,
        width: Media.shape.width,
        height: Media.shape.height,
        seconds: Media.shape.seconds,
      })
      .refine(namesOneFile, FILE_RULE)
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
  .strictObject({
    type: z.literal('forward').describe('A message, sent on to somebody'),
    to: Recipient,
    ...timing,
    message: MessageRef('The message to be forwarded'),
  })
  .meta({ id: 'NewForward', examples: [{ type: 'forward', to: EXAMPLE_TO, message: EXAMPLE_ID }] })

const NewReaction = z
  .strictObject({
    type: z.literal('reaction').describe('An emoji on a message'),
    ...deadline,
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
    type: z.literal('edit').describe('Another text for a message'),
    ...deadline,
    message: MessageRef(
      'The message that gets another text: one of yours, of type text, sent less than 15 minutes ago',
    ),
    text: Text,
    mentions: Mentions,
  })
  .meta({ id: 'NewEdit', examples: [{ type: 'edit', message: EXAMPLE_ID, text: 'Hello Ana!' }] })

const NewDelete = z
  .strictObject({
    type: z.literal('delete').describe('A message is deleted for everyone'),
    ...deadline,
    message: MessageRef('The message that goes, for everyone: one of yours'),
  })
  .meta({ id: 'NewDelete', examples: [{ type: 'delete', message: EXAMPLE_ID }] })

const NewVote = z
  .strictObject({
    type: z.literal('vote').describe('A choice in a poll'),
    ...deadline,
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
  NewTemplate,
  NewButtons,
  NewList,
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
