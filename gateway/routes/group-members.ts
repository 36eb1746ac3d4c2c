/** Members of groups: add them, remove them, make them admins. */
import { Added, MAX_ADDED } from '@berth/core/model/acts.ts'
import { z } from 'zod'
import { ACTING, act, askerOf } from '../ask.ts'
import { chatOf } from '../chat.ts'
import type { App, Context } from '../context.ts'
import { problemResponses } from '../problems/problem.ts'
import { NOT_AN_OBJECT, PersonAddress } from '../schemas.ts'
import { ON_CHANGES, tags } from './common.ts'
import { GroupParams, Member } from './groups.ts'

const OUTCOMES = `What became of it:

- \`added\`
- \`already_member\`: they were in it before
- \`invitation_needed\`: their privacy settings let nobody add them; send them the invitation: GET …/groups/{group}/invite
- \`not_on_whatsapp\`: nobody has this number there
- \`left_recently\`: they left a short time ago, and can only come back by the invitation
- \`group_full\`
- \`refused\`: they have blocked the account, or WhatsApp has another reason`

export const AddedMember = Member.extend({ outcome: Added.describe(OUTCOMES) }).meta({
  id: 'AddedMember',
  examples: [{ phoneNumber: '+5511999990002', outcome: 'added' }],
})

const NewMembers = z
  .strictObject(
    {
      members: z
        .array(PersonAddress, 'Write a list of people')
        .min(1, 'Name at least one person')
        .max(MAX_ADDED, `Name at most ${MAX_ADDED} at a time`)
        .describe('Who is to be in it'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'NewMembers', examples: [{ members: ['+5511999990002'] }] })

const AddedMembers = z
  .object({ members: z.array(AddedMember).describe('Everybody whom you named, and what became of it') })
  .meta({ id: 'AddedMembers', examples: [{ members: [{ phoneNumber: '+5511999990002', outcome: 'added' }] }] })

const MemberRole = z
  .strictObject(
    {
      role: z
        .enum(['member', 'admin'], 'Write "member" or "admin"')
        .describe('admin: may add, remove and change. The owner stays the owner'),
    },
    NOT_AN_OBJECT,
  )
  .meta({ id: 'MemberRole', examples: [{ role: 'admin' }] })

const MemberParams = GroupParams.extend({ member: PersonAddress })

export function groupMemberRoutes(app: App, context: Context): void {
  app.post(
    '/sessions/:name/groups/:group/members',
    {
      schema: {
        operationId: 'addGroupMembers',
        summary: 'Add members to a group',
        description:
          'Some may be added and others not: the answer says it of each. WhatsApp bans accounts that add many who do not know them.',
        tags: tags.groups,
        params: GroupParams,
        body: NewMembers,
        response: {
          200: AddedMembers.describe('What became of each'),
          ...problemResponses(...ACTING, 'group_not_found', 'not_group_admin', ...ON_CHANGES),
        },
      },
    },
    (request, reply) => {
      const input = { chat: request.params.group, members: request.body.members.map((one) => chatOf(one)!) }
      return act(context, askerOf(request, reply), 'addMembers', input, 'group_not_found')
    },
  )

  app.delete(
    '/sessions/:name/groups/:group/members/:member',
    {
      schema: {
        operationId: 'removeGroupMember',
        summary: 'Remove a member from a group',
        description: 'Only admins of the group can. To remove the account itself: POST …/leave.',
        tags: tags.groups,
        params: MemberParams,
        response: {
          204: z.null().describe('They are not in it any more'),
          ...problemResponses(...ACTING, 'group_not_found', 'group_member_not_found', 'not_group_admin', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const input = { chat: request.params.group, member: chatOf(request.params.member)! }
      await act(context, askerOf(request, reply), 'removeMember', input, 'group_not_found')
      return reply.code(204).send(null)
    },
  )

  app.put(
    '/sessions/:name/groups/:group/members/:member/role',
    {
      schema: {
        operationId: 'setGroupMemberRole',
        summary: 'Make a member an admin, or an admin a member',
        description: 'Only admins of the group can.',
        tags: tags.groups,
        params: MemberParams,
        body: MemberRole,
        response: {
          204: z.null().describe('It is so now'),
          ...problemResponses(...ACTING, 'group_not_found', 'group_member_not_found', 'not_group_admin', ...ON_CHANGES),
        },
      },
    },
    async (request, reply) => {
      const input = { chat: request.params.group, member: chatOf(request.params.member)!, role: request.body.role }
      await act(context, askerOf(request, reply), 'setRole', input, 'group_not_found')
      return reply.code(204).send(null)
    },
  )
}
