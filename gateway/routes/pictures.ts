/** Pictures of the account and of its groups. */
import { z } from 'zod'
import { ACTING, act, askerOf, requirePhone } from '../ask.ts'
import type { App, Context } from '../context.ts'
import { pictureOf } from '../media/picture-of.ts'
import { FILE_REFERENCE, FILE_RULE, namesOneFile } from '../new-message-schemas.ts'
import type { ProblemCode } from '../problems/catalogue.ts'
import { problemResponses } from '../problems/problem.ts'
import { NOT_AN_OBJECT, SessionParams } from '../schemas.ts'
import { ON_CHANGES, tags } from './common.ts'
import { GroupParams } from './groups.ts'

const NewPicture = z
  .strictObject(
    {
      media: z
        .strictObject(FILE_REFERENCE)
        .refine(namesOneFile, FILE_RULE)
        .describe('A JPEG of at most 512 kB; WhatsApp shows a square of 640 pixels'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'NewPicture', examples: [{ media: { url: 'https://example.com/logo.jpg' } }] })

/** What can be wrong with a file that is named. */
const FILES = [
  'media_not_found',
  'media_pending',
  'media_failed',
  'media_too_large',
  'media_url_failed',
  'media_unavailable',
] as const satisfies ProblemCode[]

const OF_GROUPS = ['group_not_found', 'not_group_admin'] as const satisfies ProblemCode[]
const SET = 'The picture is set'
const REMOVED = 'There is no picture any more'

export function pictureRoutes(app: App, context: Context): void {
  app.put(
    '/sessions/:name/profile/picture',
    {
      schema: {
        operationId: 'setProfilePicture',
        summary: "Set the account's picture",
        description: 'On all its devices, for everybody whom its privacy settings show it to.',
        tags: tags.people,
        params: SessionParams,
        body: NewPicture,
        response: {
          204: z.null().describe(SET),
          ...problemResponses(...ACTING, 'contact_not_found', ...FILES, ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const asker = askerOf(request, reply)
      await requirePhone(context, asker) // before a file is fetched for nothing
      const picture = await pictureOf(context, request.caller, request.body.media)
      await act(context, asker, 'setPicture', { picture }, 'contact_not_found')
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/sessions/:name/profile/picture',
    {
      schema: {
        operationId: 'removeProfilePicture',
        summary: "Remove the account's picture",
        description: 'Others see none any more. It is no problem when there was none.',
        tags: tags.people,
        params: SessionParams,
        response: {
          204: z.null().describe(REMOVED),
          ...problemResponses(...ACTING, 'contact_not_found', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      await act(context, askerOf(request, reply), 'setPicture', {}, 'contact_not_found')
      return reply.code(204).send(null)
    },
  )

  app.put(
    '/sessions/:name/groups/:group/picture',
    {
      schema: {
        operationId: 'setGroupPicture',
        summary: 'Set the picture of a group',
        description: 'Every member may, unless the group is locked: then only its admins.',
        tags: tags.groups,
        params: GroupParams,
        body: NewPicture,
        response: {
          204: z.null().describe(SET),
          ...problemResponses(...ACTING, ...OF_GROUPS, ...FILES, ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const asker = askerOf(request, reply)
      await requirePhone(context, asker) // as above
      const picture = await pictureOf(context, request.caller, request.body.media)
      await act(context, asker, 'setPicture', { chat: request.params.group, picture }, 'group_not_found')
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/sessions/:name/groups/:group/picture',
    {
      schema: {
        operationId: 'removeGroupPicture',
        summary: 'Remove the picture of a group',
        description: 'Every member may, unless the group is locked: then only its admins.',
        tags: tags.groups,
        params: GroupParams,
        response: {
          204: z.null().describe(REMOVED),
          ...problemResponses(...ACTING, ...OF_GROUPS, ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const input = { chat: request.params.group }
      await act(context, askerOf(request, reply), 'setPicture', input, 'group_not_found')
      return reply.code(204).send(null)
    },
  )
}
