/** The account's own profile as it is changed, and whom it has blocked. */
import { type ActInput, MAX_ABOUT, MAX_NAME } from '@berth/core/model/acts.ts'
import { z } from 'zod'
import { ACTING, ASKING, act, ask, askerOf, oneAfterTheOther } from '../ask.ts'
import { chatOf } from '../chat.ts'
import { person } from '../contact-view.ts'
import type { App, Context } from '../context.ts'
import { problemResponses } from '../problems/problem.ts'
import { Line, NOT_AN_OBJECT, PersonParams, SessionParams } from '../schemas.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'

const ProfileChange = z
  .strictObject(
    {
      name: Line('What the account calls itself', { max: MAX_NAME })
        .optional()
        .meta({ examples: ['Acme Support'] }),
      about: Line('What it writes about itself; an empty text takes it away', { min: 0, max: MAX_ABOUT })
        .optional()
        .meta({ examples: ['Open from 9 to 5'] }),
    },
    NOT_AN_OBJECT,
  )
  .refine((change) => Object.keys(change).length > 0, 'Name what is to be changed')
  .meta({ id: 'ProfileChange', examples: [{ about: 'Open from 9 to 5' }] })

const Blocked = z
  .object({
    data: z
      .array(z.object({ phoneNumber: person.phoneNumber, lid: person.lid }))
      .describe('Everybody whom the account has blocked'),
  })
  .meta({ id: 'BlockedContacts', examples: [{ data: [{ phoneNumber: '+5511999990002', lid: '210987654321@lid' }] }] })

/** One after the other, as WhatsApp takes them. */
const stepsOf = ({ name, about }: z.infer<typeof ProfileChange>): ActInput<'changeProfile'>['change'][] => [
  ...(name === undefined ? [] : [{ name }]),
  ...(about === undefined ? [] : [{ about }]),
]

export function profileRoutes(app: App, context: Context): void {
  app.patch(
    '/sessions/:name/profile',
    {
      schema: {
        operationId: 'changeProfile',
        summary: "Change the account's name and what it says about itself",
        description:
          'What is left out stays. WhatsApp takes one change at a time: when the second is refused, "detail" says that the first was made. The name can be changed once the phone has shared its settings with this device, which takes it some seconds after the link.',
        tags: tags.people,
        params: SessionParams,
        body: ProfileChange,
        response: {
          204: z.null().describe('All of it is so now'),
          ...problemResponses(...ACTING, 'contact_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const asker = askerOf(request, reply)
      await oneAfterTheOther(stepsOf(request.body), (change) =>
        act(context, asker, 'changeProfile', { change }, 'contact_not_found'),
      )
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/sessions/:name/blocked',
    {
      schema: {
        operationId: 'listBlocked',
        summary: 'Whom the account has blocked',
        description: 'Here or on the phone, as WhatsApp tells it; an answer is good for half a minute.',
        tags: tags.people,
        params: SessionParams,
        response: {
          200: Blocked.describe('All of them'),
          ...problemResponses(...ASKING, 'contact_not_found', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) => ({ data: (await ask(context, askerOf(request, reply), 'blocked', {})).people }),
  )

  app.put(
    '/sessions/:name/contacts/:contact/block',
    {
      schema: {
        operationId: 'blockContact',
        summary: 'Block a contact',
        description: 'Nothing that they write reaches the account, and they are not told.',
        tags: tags.people,
        params: PersonParams,
        response: {
          204: z.null().describe('They are blocked'),
          ...problemResponses(...ACTING, 'contact_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const input = { chat: chatOf(request.params.contact)!, blocked: true }
      await act(context, askerOf(request, reply), 'setBlocked', input, 'contact_not_found')
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/sessions/:name/contacts/:contact/block',
    {
      schema: {
        operationId: 'unblockContact',
        summary: 'Unblock a contact',
        description: 'What they write from now on comes again; what they wrote meanwhile does not.',
        tags: tags.people,
        params: PersonParams,
        response: {
          204: z.null().describe('They are not blocked'),
          ...problemResponses(...ACTING, 'contact_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const input = { chat: chatOf(request.params.contact)!, blocked: false }
      await act(context, askerOf(request, reply), 'setBlocked', input, 'contact_not_found')
      return reply.code(204).send(null)
    },
  )
}
