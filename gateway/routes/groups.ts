/** Groups: which the account is in, and who else. */
import { z } from 'zod'
import { ASKING, ask, askerOf } from '../ask.ts'
import { GROUP_PATTERN } from '../chat.ts'
import type { App, Context } from '../context.ts'
import { decodeCursor, encodeCursor, page } from '../cursor.ts'
import { problemResponses } from '../problems/problem.ts'
import { cursorLike, Limit, pageOf, SessionParams } from '../schemas.ts'
import { EVERYWHERE, tags } from './common.ts'

export const EXAMPLE_ID = '120363041234567890@g.us'
const CURSOR = encodeCursor(EXAMPLE_ID)
const GROUP_RULE = `Write the "id" of a group, for example "${EXAMPLE_ID}"`

export const Member = z.object({
  phoneNumber: z.string().optional().describe('E.164, when WhatsApp tells it'),
  lid: z.string().optional().describe("WhatsApp's other id of a person"),
})

const group = {
  id: z.string().describe('The chat: write to it by using it as "to"'),
  subject: z.string().describe('What the group is called'),
  description: z.string().optional().describe('What it says about itself'),
  owner: Member.optional().describe('Who made it'),
  createdAt: z.iso.datetime().optional().describe('When it was made'),
  size: z.int().describe('How many members it has'),
  announcements: z.boolean().describe('Only its admins may write'),
  locked: z.boolean().describe('Only its admins may change subject, description and picture'),
}

const example = {
  id: EXAMPLE_ID,
  subject: 'Acme and friends',
  description: 'Everything about Acme',
  owner: { phoneNumber: '+5511999990002' },
  createdAt: '2025-03-01T12:00:00.000Z',
  size: 2,
  announcements: false,
  locked: false,
}

export const GroupParams = SessionParams.extend({
  group: z
    .string()
    .regex(GROUP_PATTERN, GROUP_RULE)
    .describe('The id of the group')
    .meta({ examples: [EXAMPLE_ID] }),
})

const Group = z.object(group).meta({ id: 'Group', examples: [example] })

const GroupDetails = z
  .object({
    ...group,
    members: z
      .array(
        Member.extend({
          role: z.enum(['member', 'admin', 'owner']).describe('owner: the first of the admins'),
        }),
      )
      .describe('Everybody in it, this account included'),
  })
  .meta({
    id: 'GroupDetails',
    examples: [
      {
        ...example,
        members: [
          { phoneNumber: '+5511999990002', lid: '210987654321@lid', role: 'owner' },
          { phoneNumber: '+5511999990001', role: 'member' },
        ],
      },
    ],
  })

export function groupRoutes(app: App, context: Context): void {
  app.get(
    '/sessions/:name/groups',
    {
      schema: {
        operationId: 'listGroups',
        summary: 'List the groups of a session',
        description:
          'As WhatsApp tells them; an answer is good for half a minute. In the order of their ids, in pages.',
        tags: tags.groups,
        params: SessionParams,
        querystring: z.strictObject({ limit: Limit, cursor: cursorLike(CURSOR) }),
        response: {
          200: pageOf(Group, CURSOR).describe('A page of groups'),
          ...problemResponses(...ASKING, 'group_not_found', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) => {
      const { limit, cursor } = request.query
      const after = cursor === undefined ? '' : decodeCursor(cursor, GROUP_PATTERN)
      const { groups } = await ask(context, askerOf(request, reply), 'groups', {})
      const rest = groups.filter(({ id }) => id > after).sort((a, b) => (a.id < b.id ? -1 : 1))
      return page(
        rest,
        limit,
        (one) => one,
        ({ id }) => id,
      )
    },
  )

  app.get(
    '/sessions/:name/groups/:group',
    {
      schema: {
        operationId: 'getGroup',
        summary: 'One group, with its members',
        description: 'As WhatsApp tells it; an answer is good for half a minute.',
        tags: tags.groups,
        params: GroupParams,
        response: {
          200: GroupDetails.describe('The group as it is now'),
          ...problemResponses(...ASKING, 'group_not_found', ...EVERYWHERE),
        },
      },
    },
    (request, reply) => ask(context, askerOf(request, reply), 'group', { chat: request.params.group }),
  )
}
