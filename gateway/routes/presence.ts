/** Presence: who is on line and who types, seen and shown. It lasts no longer than the connection, and is stored nowhere. */
import { Presence as SeenPresence } from '@berth/core/model/questions.ts'
import { z } from 'zod'
import { ASKING, ask, askerOf, show } from '../ask.ts'
import { chatOf } from '../chat.ts'
import type { App, Context } from '../context.ts'
import { problemResponses } from '../problems/problem.ts'
import { NOT_AN_OBJECT, PersonParams, Recipient, SessionParams } from '../schemas.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const MAX_WAIT_SECONDS = 5
const WAIT_RULE = `Write a number of seconds from 0 to ${MAX_WAIT_SECONDS}`

const Presence = z
  .object({
    presence: SeenPresence.describe('unknown: WhatsApp told nothing since this was first asked; many people hide it'),
    at: z.iso.datetime().optional().describe('When WhatsApp told it'),
    lastSeenAt: z.iso.datetime().optional().describe('When they were last on line, if they show it'),
  })
  .meta({
    id: 'Presence',
    examples: [{ presence: 'unavailable', at: '2026-01-05T10:16:00.000Z', lastSeenAt: '2026-01-05T10:12:40.000Z' }],
  })

const Availability = z
  .strictObject(
    {
      presence: z
        .enum(['available', 'unavailable'], 'Write "available" or "unavailable"')
        .describe("available: on line; the account's phone shows no notifications meanwhile"),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'Availability', examples: [{ presence: 'available' }] })

const Typing = z
  .strictObject(
    {
      presence: z
        .enum(['composing', 'recording', 'paused'], 'Write "composing", "recording" or "paused"')
        .describe('composing: types; recording: records a voice message; paused: no more'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'Typing', examples: [{ presence: 'composing' }] })

export function presenceRoutes(app: App, context: Context): void {
  app.get(
    '/sessions/:name/contacts/:contact/presence',
    {
      schema: {
        operationId: 'getPresence',
        summary: 'Whether a contact is on line, or types',
        description:
          'From the first call on WhatsApp tells what the contact does, as long as the session stays connected, and mostly only to accounts that are available themselves (PUT …/presence).',
        tags: tags.people,
        params: PersonParams,
        querystring: z.strictObject({
          wait: z.coerce
            .number()
            .int()
            .min(0, WAIT_RULE)
            .max(MAX_WAIT_SECONDS, WAIT_RULE)
            .default(2)
            .describe('Seconds to wait for the first word'),
        }),
        response: {
          200: Presence.describe('The last that was told'),
          ...problemResponses(...ASKING, 'contact_not_found', ...EVERYWHERE),
        },
      },
    },
    (request, reply) => {
      const chat = chatOf(request.params.contact)!
      return ask(context, askerOf(request, reply), 'presence', { chat, waitSeconds: request.query.wait })
    },
  )

  app.put(
    '/sessions/:name/presence',
    {
      schema: {
        operationId: 'setPresence',
        summary: 'Show the account as on line, or not',
        description:
          'A session that nobody asked to is not on line. It lasts until the connection ends: show it again after the session has moved.',
        tags: tags.people,
        params: SessionParams,
        body: Availability,
        response: {
          200: Availability.describe('What is shown now'),
          ...problemResponses(...ASKING, 'contact_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      await show(context, askerOf(request, reply), request.body)
      return request.body
    },
  )

  app.put(
    '/sessions/:name/chats/:chat/presence',
    {
      schema: {
        operationId: 'setTyping',
        summary: 'Show in a chat that the account types',
        description: 'Phones show it for some seconds: show it again while it goes on.',
        tags: tags.people,
        params: SessionParams.extend({ chat: Recipient }),
        body: Typing,
        response: {
          200: Typing.describe('What is shown now'),
          ...problemResponses(...ASKING, 'contact_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      await show(context, askerOf(request, reply), { ...request.body, chat: chatOf(request.params.chat)! })
      return request.body
    },
  )
}
