/** Changes of groups: make one, join, leave, what it is called and lets its members do, its invitation. */
import { type ActInput, MAX_ADDED, MAX_DESCRIPTION, MAX_SUBJECT } from '@berth/core/model/acts.ts'
import { z } from 'zod'
import { ACTING, ASKING, act, ask, askerOf, oneAfterTheOther } from '../ask.ts'
import { chatOf } from '../chat.ts'
import type { App, Context } from '../context.ts'
import { requireSession } from '../find.ts'
import { once } from '../once.ts'
import { problemResponses } from '../problems/problem.ts'
import { IdempotencyKey, Line, NOT_AN_OBJECT, PersonAddress, SessionParams } from '../schemas.ts'
import { EVERYWHERE, ON_CHANGES, tags } from './common.ts'
import { AddedMember } from './group-members.ts'
import { EXAMPLE_ID, GroupParams } from './groups.ts'

const LINK = 'https://chat.whatsapp.com/'
const INVITE = /^(https:\/\/chat\.whatsapp\.com\/)?([\w-]{10,64})$/
const INVITE_RULE = `Write the code of an invitation, or its link: ${LINK}…`
const EXAMPLE_CODE = 'HbGJ9tZkQ0a1BcDeFgHiJk'

const Subject = Line('What it is called', { max: MAX_SUBJECT }).meta({ examples: ['Acme and friends'] })

const NewGroup = z
  .strictObject(
    {
      subject: Subject,
      members: z
        .array(PersonAddress, 'Write a list of people')
        .max(MAX_ADDED, `Name at most ${MAX_ADDED}; add the others later`)
        .default([])
        .describe('Who is to be in it, besides the account itself'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'NewGroup', examples: [{ subject: 'Acme and friends', members: ['+5511999990002', '+5511999990003'] }] })

const MadeGroup = z
  .object({
    id: z.string().describe('The chat: write to it by using it as "to"'),
    subject: Subject,
    missing: z.array(AddedMember).describe('Those who are not in it, and why; everybody else is'),
  })
  .meta({
    id: 'MadeGroup',
    examples: [
      {
        id: EXAMPLE_ID,
        subject: 'Acme and friends',
        missing: [{ phoneNumber: '+5511999990003', outcome: 'invitation_needed' }],
      },
    ],
  })

const GroupChange = z
  .strictObject(
    {
      subject: Subject.optional(),
      description: Line('What it says about itself; an empty one takes it away', { min: 0, max: MAX_DESCRIPTION })
        .optional()
        .meta({ examples: ['Everything about Acme'] }),
      announcements: z.boolean('Write true or false').optional().describe('Only its admins may write'),
      locked: z
        .boolean('Write true or false')
        .optional()
        .describe('Only its admins may change subject, description and picture'),
    },
    NOT_AN_OBJECT,
  )
  .refine((change) => Object.keys(change).length > 0, 'Name what is to be changed')
  .meta({ id: 'GroupChange', examples: [{ subject: 'Friends of Acme', announcements: true }] })
type GroupChange = z.infer<typeof GroupChange>

const Invite = z
  .object({
    code: z.string().describe('What lets whoever has it into the group'),
    link: z.string().describe('The same, for people to open'),
  })
  .meta({ id: 'GroupInvite', examples: [{ code: EXAMPLE_CODE, link: LINK + EXAMPLE_CODE }] })

const Joining = z
  .strictObject(
    {
      invite: z
        .string(INVITE_RULE)
        .regex(INVITE, INVITE_RULE)
        .describe('The code of an invitation, or its link')
        .meta({ examples: [LINK + EXAMPLE_CODE] }),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'GroupJoin', examples: [{ invite: LINK + EXAMPLE_CODE }] })

const Joined = z
  .object({
    id: z
      .string()
      .optional()
      .describe('The group, in which the account is now; left out while an admin must let it in'),
  })
  .meta({ id: 'JoinedGroup', examples: [{ id: EXAMPLE_ID }] })

const inviteView = ({ code }: { code: string }) => ({ code, link: LINK + code })

/** One after the other, as WhatsApp takes them. */
const stepsOf = ({ subject, description, announcements, locked }: GroupChange): ActInput<'changeGroup'>['change'][] => [
  ...(subject === undefined ? [] : [{ subject }]),
  ...(description === undefined ? [] : [{ description }]),
  ...(announcements === undefined ? [] : [{ announcements }]),
  ...(locked === undefined ? [] : [{ locked }]),
]

export function groupChangeRoutes(app: App, context: Context): void {
  app.post(
    '/sessions/:name/groups',
    {
      schema: {
        operationId: 'createGroup',
        summary: 'Make a group',
        description:
          'The account is its owner. Who can not be added is named with the reason; the group is made all the same. A second call makes a second group, unless it has the Idempotency-Key of the first: that one is begun once, and answers as it did. When the answer is outcome_unknown, list the groups before you ask under another key.',
        tags: tags.groups,
        'x-headers': {
          'Idempotent-Replayed': {
            description: 'true: the group was made before, under this Idempotency-Key',
            schema: { type: 'string', enum: ['true'] },
          },
        },
        params: SessionParams,
        headers: z.object({
          'idempotency-key': IdempotencyKey(
            'Your own name for this group, known for a day: the same key with the same body makes one group',
          ),
        }),
        body: NewGroup,
        response: {
          201: MadeGroup.describe('The group that was made'),
          ...problemResponses(...ACTING, 'contact_not_found', 'idempotency_key_reused', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const { subject, members } = request.body
      const input = { subject, members: members.map((one) => chatOf(one)!) }
      const asker = askerOf(request, reply)
      const create = (by = asker) => act(context, by, 'createGroup', input, 'contact_not_found')
      const idempotencyKey = request.headers['idempotency-key']
      if (idempotencyKey === undefined) return reply.code(201).send({ ...(await create()), subject })
      const { tenantId, name } = asker
      const { id: sessionId } = await requireSession(context.database, tenantId, name)
      // Goes on when the caller hangs up: the same call again gets its answer.
      const onItsOwn = { ...asker, signal: new AbortController().signal }
      const named = { tenantId, sessionId, idempotencyKey, body: input }
      const { answer, replayed } = await once(context, named, () => create(onItsOwn))
      if (replayed) reply.header('idempotent-replayed', 'true')
      return reply.code(201).send({ ...answer, subject })
    },
  )

  app.patch(
    '/sessions/:name/groups/:group',
    {
      schema: {
        operationId: 'changeGroup',
        summary: 'Change what a group is called, says and allows',
        description:
          'What is left out stays. WhatsApp takes one change at a time: when one of several is refused, "detail" says which were made before.',
        tags: tags.groups,
        params: GroupParams,
        body: GroupChange,
        response: {
          204: z.null().describe('All of it is so now'),
          ...problemResponses(...ACTING, 'group_not_found', 'not_group_admin', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const asker = askerOf(request, reply)
      const { group: chat } = request.params
      await oneAfterTheOther(stepsOf(request.body), (change) =>
        act(context, asker, 'changeGroup', { chat, change }, 'group_not_found'),
      )
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/sessions/:name/groups/:group/leave',
    {
      schema: {
        operationId: 'leaveGroup',
        summary: 'Leave a group',
        description: 'The account is no member any more, and reads and writes nothing there. Its messages stay.',
        tags: tags.groups,
        params: GroupParams,
        response: {
          204: z.null().describe('The account is not in it any more'),
          ...problemResponses(...ACTING, 'group_not_found', 'not_group_admin', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      await act(context, askerOf(request, reply), 'leaveGroup', { chat: request.params.group }, 'group_not_found')
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/sessions/:name/groups/:group/invite',
    {
      schema: {
        operationId: 'getGroupInvite',
        summary: 'The invitation to a group',
        description: 'Whoever has it can join. WhatsApp tells it to admins of the group only.',
        tags: tags.groups,
        params: GroupParams,
        response: {
          200: Invite.describe('The invitation as it is now'),
          ...problemResponses(...ASKING, 'group_not_found', 'not_group_admin', ...EVERYWHERE),
        },
      },
    },
    async (request, reply) =>
      inviteView(await ask(context, askerOf(request, reply), 'invite', { chat: request.params.group })),
  )

  app.post(
    '/sessions/:name/groups/:group/invite',
    {
      schema: {
        operationId: 'renewGroupInvite',
        summary: 'Replace the invitation to a group',
        description: 'The one before lets nobody in any more. Only admins of the group can.',
        tags: tags.groups,
        params: GroupParams,
        response: {
          200: Invite.describe('The new invitation'),
          ...problemResponses(...ACTING, 'group_not_found', 'not_group_admin', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const input = { chat: request.params.group }
      return inviteView(await act(context, askerOf(request, reply), 'renewInvite', input, 'group_not_found'))
    },
  )

  app.post(
    '/sessions/:name/groups/join',
    {
      schema: {
        operationId: 'joinGroup',
        summary: 'Join a group by its invitation',
        description:
          'Where admins let people in one by one, the account waits for that, and the answer names no group.',
        tags: tags.groups,
        params: SessionParams,
        body: Joining,
        response: {
          200: Joined.describe('The account is in the group, or waits to be let in'),
          ...problemResponses(...ACTING, 'invite_invalid', 'already_a_member', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const code = INVITE.exec(request.body.invite)![2]!
      const { chat } = await act(context, askerOf(request, reply), 'joinGroup', { code }, 'invite_invalid')
      return chat === undefined ? {} : { id: chat }
    },
  )
}
