/** What an account does with groups. */
import type { ActInput, Added } from '@berth/core/model/acts.ts'
import {
  type BinaryNode,
  generateMessageIDV2,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  jidEncode,
  type WASocket,
} from '@whiskeysockets/baileys'
import { AskFailed } from '../driver.ts'
import type { Acts } from './acts.ts'
import { inGroup } from './groups.ts'
import { addressesOf } from './people.ts'
import { personOf } from './person.ts'
import type { Asking } from './questions.ts'

/** What keeps somebody out of a group, as WhatsApp says it of each. Source: WhatsApp Web, as whatsapp-web.js tells it. */
const OUTCOMES: Record<string, Added> = {
  200: 'added',
  403: 'invitation_needed',
  404: 'not_on_whatsapp',
  408: 'left_recently',
  409: 'already_member',
  417: 'invitation_needed',
  419: 'group_full',
}

/** How WhatsApp answers an invitation that leads nowhere: no such code, one that was renewed, none at all. */
const NO_INVITE = new Set<unknown>([400, 404, 406, 410])
const CONFLICT = 409

type GroupAct =
  | 'createGroup'
  | 'addMembers'
  | 'removeMember'
  | 'setRole'
  | 'changeGroup'
  | 'leaveGroup'
  | 'renewInvite'
  | 'joinGroup'

export const groupActs: Pick<Acts, GroupAct> = {
  async createGroup(asking, { subject, members }) {
    const group = getBinaryNodeChild(await asking.socket.query(creation(subject, members)), 'group')
    const id = group?.attrs.id
    if (!group || !id) throw new AskFailed('outcome_unknown', "WhatsApp's answer does not say which group was made.")
    const missing = getBinaryNodeChildren(group, 'participant').filter(({ attrs }) => attrs.error !== undefined)
    return {
      id: id.includes('@') ? id : jidEncode(id, 'g.us'),
      missing: await Promise.all(missing.map(({ attrs }) => outcomeOf(asking, attrs, attrs.error!))),
    }
  },

  async addMembers(asking, { chat, members }) {
    const add = () => asking.socket.groupParticipantsUpdate(chat, members, 'add')
    const results = await inGroup(asking.socket, chat, add)
    return {
      members: await Promise.all(results.map(({ status, content }) => outcomeOf(asking, content.attrs, status))),
    }
  },

  async removeMember({ socket }, { chat, member }) {
    await changeMember(socket, chat, member, 'remove')
    return {}
  },

  async setRole({ socket }, { chat, member, role }) {
    await changeMember(socket, chat, member, role === 'admin' ? 'promote' : 'demote')
    return {}
  },

  async changeGroup({ socket }, { chat, change }) {
    await inGroup(socket, chat, () => changed(socket, chat, change))
    return {}
  },

  async leaveGroup({ socket }, { chat }) {
    await inGroup(socket, chat, () => socket.groupLeave(chat))
    return {}
  },

  async renewInvite({ socket }, { chat }) {
    const code = await inGroup(socket, chat, () => socket.groupRevokeInvite(chat))
    if (code) return { code }
    throw new AskFailed('outcome_unknown', "WhatsApp's answer has no invitation.")
  },

  async joinGroup({ socket }, { code }) {
    try {
      const chat = await socket.groupAcceptInvite(code)
      return chat ? { chat } : {}
    } catch (error) {
      const { data } = error as { data?: unknown }
      if (NO_INVITE.has(data)) throw new AskFailed('invite_invalid', 'WhatsApp knows no group with this invitation.')
      if (data === CONFLICT) throw new AskFailed('already_a_member', 'The account is in this group already.')
      throw error
    }
  },
}

/** Baileys' own call answers without what became of each. */
const creation = (subject: string, members: string[]): BinaryNode => {
  const content = members.map((jid) => ({ tag: 'participant', attrs: { jid } }))
  const create = { tag: 'create', attrs: { subject, key: generateMessageIDV2() }, content }
  return { tag: 'iq', attrs: { type: 'set', xmlns: 'w:g2', to: '@g.us' }, content: [create] }
}

async function outcomeOf({ findPerson }: Asking, { jid, phone_number }: BinaryNode['attrs'], status: string) {
  const person = await findPerson(personOf(jid, phone_number))
  return { ...addressesOf(person), outcome: OUTCOMES[status] ?? ('refused' as const) }
}

async function changeMember(
  socket: WASocket,
  chat: string,
  member: string,
  action: 'remove' | 'promote' | 'demote',
): Promise<void> {
  const [result] = await inGroup(socket, chat, () => socket.groupParticipantsUpdate(chat, [member], action))
  if (!result) throw new AskFailed('outcome_unknown', "WhatsApp's answer does not say what became of it.")
  if (result.status === '404') throw new AskFailed('not_a_member', 'They are not in this group.')
  if (result.status !== '200') throw new AskFailed('refused', `WhatsApp refuses it (${result.status}).`)
}

async function changed(socket: WASocket, chat: string, change: ActInput<'changeGroup'>['change']): Promise<void> {
  if ('subject' in change) return socket.groupUpdateSubject(chat, change.subject)
  if ('description' in change) return socket.groupUpdateDescription(chat, change.description)
  if ('locked' in change) return socket.groupSettingUpdate(chat, change.locked ? 'locked' : 'unlocked')
  return socket.groupSettingUpdate(chat, change.announcements ? 'announcement' : 'not_announcement')
}
