/** People: the account's own profile, its contacts, and whether a number has WhatsApp. */
import { z } from 'zod'
import { ASKING, ask, askerOf } from '../ask.ts'
import { chatOf } from '../chat.ts'
import { Contact, ContactId, contactView, person } from '../contact-view.ts'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import { eraseContact, findContact, listContacts } from '../data/contacts.ts'
import { requireSession } from '../find.ts'
import { Problem, problemResponses } from '../problems/problem.ts'
import { cursorLike, Limit, PersonParams, PhoneNumber, pageOf, SessionParams } from '../schemas.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const CURSOR = encodeCursor('5511999990002@s.whatsapp.net')
const ID_FORM = /^\d{5,20}@(s\.whatsapp\.net|lid)$/

const look = {
  about: z.string().optional().describe('What they write about themselves; left out when they have nothing or hide it'),
  aboutSetAt: z.iso.datetime().optional().describe('Since when'),
  pictureUrl: z.string().optional().describe("WhatsApp's address of the picture, good for some days"),
}

const Profile = z.object({ ...person, ...look }).meta({
  id: 'Profile',
  examples: [
    {
      phoneNumber: '+5511999990001',
      lid: '123456789012@lid',
      name: 'Acme Support',
      about: 'Open from 9 to 5',
      aboutSetAt: '2025-11-02T09:00:00.000Z',
      pictureUrl: 'https://pps.whatsapp.net/v/t61/picture.jpg',
    },
  ],
})

const ContactProfile = z.object({ id: ContactId, ...person, ...look }).meta({
  id: 'ContactProfile',
  examples: [
    {
      id: '5511999990002@s.whatsapp.net',
      phoneNumber: '+5511999990002',
      lid: '210987654321@lid',
      name: 'Ana',
      about: 'At the beach',
    },
  ],
})

const NumberCheck = z
  .object({
    phoneNumber: z.string().describe('As you asked'),
    exists: z.boolean().describe('Somebody has it on WhatsApp'),
    id: z.string().optional().describe('The chat with them, as WhatsApp writes it; it may differ from what you asked'),
    lid: z.string().optional().describe("WhatsApp's other id of the person, when it is known"),
  })
  .meta({
    id: 'NumberCheck',
    examples: [{ phoneNumber: '+5511999990002', exists: true, id: '5511999990002@s.whatsapp.net' }],
  })

export function peopleRoutes(app: App, context: Context): void {
  const { database } = context

  app.get(
    '/sessions/:name/profile',
    {
      schema: {
        operationId: 'getProfile',
        summary: "The account's own profile",
        description: 'As WhatsApp shows it at this moment; an answer is good for a minute.',
        tags: tags.people,
        params: SessionParams,
        response: {
          200: Profile.describe('The profile of the linked account'),
          ...problemResponses(...ASKING, 'contact_not_found', ...EVERYWHERE),
        },
      },
    },
    (request, reply) => ask(context, askerOf(request, reply), 'profile', {}),
  )

  app.get(
    '/sessions/:name/contacts',
    {
      schema: {
        operationId: 'listContacts',
        summary: 'List the contacts of a session',
        description:
          "Whoever wrote to the account, in groups too, and whom it wrote to, in the order of their ids, in pages. Somebody whose number becomes known later has the number's chat as id from then on; the LID still names them.",
        tags: tags.people,
        params: SessionParams,
        querystring: z.strictObject({
          search: z
            .string()
            .min(1, 'Write at least one character')
            .max(100, 'Write at most 100 characters')
            .refine((text) => text.isWellFormed() && !text.includes('\u0000'), 'Write valid Unicode without U+0000')
            .optional()
            .describe('Only those with this in a name, or in their phone number')
            .meta({ examples: ['ana'] }),
          limit: Limit,
          cursor: cursorLike(CURSOR),
        }),
        response: {
          200: pageOf(Contact, CURSOR).describe('A page of contacts'),
          ...problemResponses('session_not_found', 'validation_failed', ...EVERYWHERE),
        },
      },
    },
    async (request) => {
      const { tenantId } = request.caller
      const { search, limit, cursor } = request.query
      const session = await requireSession(database, tenantId, request.params.name)
      const rows = await listContacts(database, tenantId, {
        sessionId: session.id,
        limit: limit + 1,
        ...(search !== undefined && { search }),
        ...(cursor !== undefined && { after: decodeCursor(cursor, ID_FORM) }),
      })
      return page(rows, limit, contactView, (row) => row.id)
    },
  )

  app.get(
    '/sessions/:name/contacts/:contact',
    {
      schema: {
        operationId: 'getContact',
        summary: 'What a contact shows of themselves',
        description: 'Asked of WhatsApp; an answer is good for a minute. A session may look up 100 in an hour.',
        tags: tags.people,
        params: PersonParams,
        response: {
          200: ContactProfile.describe('What they show to this account'),
          ...problemResponses(...ASKING, 'contact_not_found', 'too_many_lookups', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const { name } = request.params
      const chat = chatOf(request.params.contact)!
      const shown = await ask(context, askerOf(request, reply), 'contact', { chat })
      const session = await requireSession(database, tenantId, name)
      const contact = (shown.phoneNumber && chatOf(shown.phoneNumber)) || chat
      const known = await findContact(database, tenantId, { sessionId: session.id, address: contact })
      return { id: contact, ...(known?.name && { name: known.name }), ...shown }
    },
  )

  app.delete(
    '/sessions/:name/contacts/:contact',
    {
      schema: {
        operationId: 'eraseContact',
        summary: 'Erase a contact',
        description:
          'What the account and the contact wrote to each other, what the contact wrote in groups, files, events and names. What waits to be sent to them is not sent. Nothing of it comes back; when they write again, they are a new contact. On the phone, everything stays as it is. It is done when the answer comes; when none comes, repeat the call.',
        tags: tags.people,
        params: PersonParams,
        response: {
          204: z.null().describe('Nothing is left of the contact'),
          ...problemResponses('session_not_found', 'contact_unknown', 'validation_failed', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.caller
      const session = await requireSession(database, tenantId, request.params.name)
      const address = chatOf(request.params.contact)!
      const known = await eraseContact(database, tenantId, { sessionId: session.id, address })
      if (!known) throw new Problem('contact_unknown')
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/sessions/:name/numbers/:number',
    {
      schema: {
        operationId: 'checkNumber',
        summary: 'Whether a number has WhatsApp',
        description:
          'An answer is good for ten minutes. A session may look up 100 in an hour; to send, there is no need to: a message to a number without WhatsApp fails with not_on_whatsapp.',
        tags: tags.people,
        params: SessionParams.extend({ number: PhoneNumber.describe('A phone number (E.164)') }),
        response: {
          200: NumberCheck.describe('What WhatsApp says'),
          ...problemResponses(...ASKING, 'contact_not_found', 'too_many_lookups', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) => {
      const { number: phoneNumber } = request.params
      const { exists, chat, lid } = await ask(context, askerOf(request, reply), 'number', { phoneNumber })
      return { phoneNumber, exists, ...(chat && { id: chat }), ...(lid && { lid }) }
    },
  )
}
