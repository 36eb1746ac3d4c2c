/** Messages of every kind that can be sent, as the gateway would write them. */
import type { MessageOf, UnifiedMessage } from '@berth/core/model/message.ts'
import type { Author, Quote, Reference } from '@berth/core/model/message-parts.ts'
import { vcardOf } from '@berth/core/model/vcard.ts'
import fc from 'fast-check'
import type { Place } from './family.ts'

const ME = { pn: '5511900000001@s.whatsapp.net', lid: '100@lid' }
const CHAT: Place = { chat: '5511900000002@s.whatsapp.net', me: ME }
const GROUP: Place = { chat: '120363000000000001@g.us', me: ME }

/** What WhatsApp carries whole. */
const words = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((text) => text.isWellFormed() && !text.includes('\u0000'))
const id = fc.stringMatching(/^3EB0[0-9A-F]{18}$/)
const phoneNumber = fc.stringMatching(/^\+[1-9]\d{7,13}$/)
const lid = fc.stringMatching(/^[1-9]\d{3,14}@lid$/)
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })

/** Of two people, the other one; in a group, anybody, by the form of its addresses. */
const authors = ({ chat }: Place): fc.Arbitrary<Author> =>
  chat === GROUP.chat ? lid.map((lid) => ({ lid })) : fc.constant({ phoneNumber: `+${chat.split('@')[0]}` })

const references = (place: Place): fc.Arbitrary<Reference> =>
  fc.oneof(
    id.map((whatsappId) => ({ whatsappId, fromMe: true })),
    fc.tuple(id, authors(place)).map(([whatsappId, author]) => ({ whatsappId, fromMe: false, author })),
  )

const text = fc.record<Partial<MessageOf<'text'>>>({
  type: fc.constant('text'),
  text: words,
  preview: optional(
    fc.record({ url: fc.webUrl(), title: words, description: optional(words) }).map((preview) => compact(preview)),
  ),
})

const location = fc.record({
  type: fc.constant('location'),
  location: fc
    .record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
      name: optional(words),
      address: optional(words),
    })
    .map((place) => compact(place)),
})

const contacts = fc.record({
  type: fc.constant('contacts'),
  contacts: fc.array(
    fc.record({ name: words, phoneNumber }).map((card) => ({ ...card, vcard: vcardOf(card.name, card.phoneNumber) })),
    { minLength: 1, maxLength: 4 },
  ),
})

const poll = fc.record({
  type: fc.constant('poll'),
  poll: fc.record({
    question: words,
    options: fc.array(words, { minLength: 2, maxLength: 12 }),
    choices: fc.integer({ min: 0, max: 12 }),
  }),
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64')),
})

const at = optional(fc.integer({ min: 1, max: 4_000_000_000_000 }))

const changes = (place: Place) => {
  const target = references(place)
  return fc.oneof(
    fc.record({ type: fc.constant('reaction'), target, emoji: fc.constantFrom('👍', '❤️', ''), at }),
    fc.record({ type: fc.constant('edit'), target, text: words, mentions: mentions(), at }),
    fc.record({ type: fc.constant('delete'), target }),
  )
}

const mentions = () => optional(fc.array(fc.oneof(phoneNumber, lid), { minLength: 1, maxLength: 3 }))

const quotes = (place: Place): fc.Arbitrary<Quote> =>
  fc
    .tuple(references(place), optional(fc.oneof(text, location, contacts)))
    .map(([reference, message]) => compact({ ...reference, message: message && compact(message) }) as Quote)

const standing = (place: Place) =>
  fc.record({ mentions: mentions(), quote: optional(quotes(place)), forwarded: optional(fc.constant(true)) })

/** A message, and where it is. Votes are left out: what they say is sealed. */
export const sendable: fc.Arbitrary<{ message: UnifiedMessage; place: Place }> = fc
  .constantFrom(CHAT, GROUP)
  .chain((place) => {
    const alone = fc.tuple(fc.oneof(text, location, contacts, poll), standing(place))
    const message = fc.oneof(
      alone.map(([said, around]) => ({ ...said, ...around })),
      changes(place),
    )
    return message.map((message) => ({ message: compact(message) as unknown as UnifiedMessage, place }))
  })

/** Without what is undefined. */
const compact = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Value
