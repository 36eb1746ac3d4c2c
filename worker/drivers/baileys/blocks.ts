/** Whom an account has blocked. */
import type { ActInput } from '@berth/core/model/acts.ts'
import type { AnswerOf } from '@berth/core/model/questions.ts'
import { getBinaryNodeChild, getBinaryNodeChildren, isPnUser } from '@whiskeysockets/baileys'
import { AskFailed } from '../driver.ts'
import { addressesOf } from './people.ts'
import { personOf } from './person.ts'
import { type Asking, requireNumber } from './questions.ts'

/** Baileys' own call leaves out the numbers. */
export async function askBlocked({ socket, findPerson }: Asking): Promise<AnswerOf<'blocked'>> {
  const attrs = { xmlns: 'blocklist', to: '@s.whatsapp.net', type: 'get' }
  const list = getBinaryNodeChild(await socket.query({ tag: 'iq', attrs }), 'list')
  const people = getBinaryNodeChildren(list, 'item').map(({ attrs: { jid, pn_jid } }) => personOf(jid, pn_jid))
  return { people: await Promise.all(people.map(async (person) => addressesOf(await findPerson(person)))) }
}

/** WhatsApp wants the LID of whom it blocks, and the number, too. */
export async function setBlocked(
  { socket, findPerson }: Asking,
  { chat, blocked }: ActInput<'setBlocked'>,
): Promise<Record<never, never>> {
  const known = isPnUser(chat) ? await requireNumber(socket, chat) : chat
  const { pn } = await findPerson(personOf(known))
  if (!pn)
    throw new AskFailed('refused', 'WhatsApp wants the phone number of whom it blocks, and has not told it of this id.')
  await socket.updateBlockStatus(pn, blocked ? 'block' : 'unblock')
  return {}
}
