/** The groups that an account is in, as WhatsApp tells them. */
import type { AnswerOf, InputOf } from '@berth/core/model/questions.ts'
import { type GroupMetadata, isLidUser, isPnUser, jidNormalizedUser, type WASocket } from '@whiskeysockets/baileys'
import { AskFailed } from '../driver.ts'
import { addressesOf } from './people.ts'
import type { FindPerson, Person } from './person.ts'
import type { Asking } from './questions.ts'

type Summary = AnswerOf<'groups'>['groups'][number]
type Member = AnswerOf<'group'>['members'][number]
type Participant = GroupMetadata['participants'][number]

export async function askGroups({ socket, findPerson }: Asking): Promise<AnswerOf<'groups'>> {
  const groups = Object.values(await socket.groupFetchAllParticipating())
  return { groups: await Promise.all(groups.map((group) => summaryOf(group, findPerson))) }
}

/** How WhatsApp answers who is not in a group, or may not do that there. */
const [UNAUTHORIZED, FORBIDDEN] = [401, 403]
const NOT_IN_GROUP = 'This account is not in that group.'

export async function askGroup({ socket, findPerson }: Asking, { chat }: InputOf<'group'>): Promise<AnswerOf<'group'>> {
  const group = await socket.groupMetadata(chat).catch((error: { data?: unknown }) => {
    throw error.data === FORBIDDEN ? new AskFailed('not_found', NOT_IN_GROUP) : error
  })
  const members = await Promise.all(group.participants.map((one) => memberOf(one, findPerson)))
  return { ...(await summaryOf(group, findPerson)), members }
}

export async function askInvite({ socket }: Asking, { chat }: InputOf<'invite'>): Promise<AnswerOf<'invite'>> {
  const code = await inGroup(socket, chat, () => socket.groupInviteCode(chat))
  if (code) return { code }
  throw new AskFailed('no_answer', "WhatsApp's answer has no invitation.")
}

/** WhatsApp refuses who is not in the group, and who is no admin there, with the same codes: which of them it is, is asked. */
export async function inGroup<T>(socket: WASocket, chat: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { data } = error as { data?: unknown }
    if (data === 404) throw new AskFailed('not_found', 'There is no such group.')
    if (data !== UNAUTHORIZED && data !== FORBIDDEN) throw error
    const isMember = await socket.groupMetadata(chat).then(
      () => true,
      (refused: { data?: unknown }) => (refused.data === FORBIDDEN || refused.data === 404 ? false : undefined),
    )
    if (isMember === undefined) throw error
    throw isMember
      ? new AskFailed('not_admin', 'Only the admins of this group may do that, and this account is none.')
      : new AskFailed('not_found', NOT_IN_GROUP)
  }
}

async function summaryOf(group: GroupMetadata, findPerson: FindPerson): Promise<Summary> {
  const owner = await findPerson(personOf(group.owner, group.ownerPn))
  return {
    id: group.id,
    subject: group.subject,
    ...(group.desc ? { description: group.desc } : {}),
    ...(owner.pn || owner.lid ? { owner: addressesOf(owner) } : {}),
    ...(group.creation ? { createdAt: new Date(group.creation * 1000).toISOString() } : {}),
    size: group.size ?? group.participants.length,
    announcements: Boolean(group.announce),
    locked: Boolean(group.restrict),
  }
}

async function memberOf({ id, phoneNumber, lid, admin }: Participant, findPerson: FindPerson): Promise<Member> {
  const person = await findPerson(personOf(id, phoneNumber, lid))
  const role = admin === 'superadmin' ? 'owner' : admin === 'admin' ? 'admin' : 'member'
  return { ...addressesOf(person), role }
}

function personOf(...jids: (string | undefined)[]): Person {
  const pn = jids.find((jid) => isPnUser(jid))
  const lid = jids.find((jid) => isLidUser(jid))
  return { ...(pn ? { pn: jidNormalizedUser(pn) } : {}), ...(lid ? { lid: jidNormalizedUser(lid) } : {}) }
}
