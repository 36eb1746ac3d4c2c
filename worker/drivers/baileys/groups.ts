/** The groups that an account is in, as WhatsApp tells them. */
import type { AnswerOf, InputOf } from '@berth/core/model/questions.ts'
import { type GroupMetadata, isLidUser, isPnUser, jidNormalizedUser } from '@whiskeysockets/baileys'
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

/** How WhatsApp answers who is not in a group. */
const FORBIDDEN = 403

export async function askGroup({ socket, findPerson }: Asking, { chat }: InputOf<'group'>): Promise<AnswerOf<'group'>> {
  const group = await socket.groupMetadata(chat).catch((error: { data?: unknown }) => {
    throw error.data === FORBIDDEN ? new AskFailed('not_found', 'This account is not in that group.') : error
  })
  const members = await Promise.all(group.participants.map((one) => memberOf(one, findPerson)))
  return { ...(await summaryOf(group, findPerson)), members }
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
