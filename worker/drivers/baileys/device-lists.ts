/**
 * Baileys keeps the devices of people under the address by which it asked for them: numbers in chats, LIDs in groups. A notice
 * of a new or removed device names one of the two, and Baileys corrects that list only. So the other one is forgotten, which
 * has it asked for anew; else a new device of a member could read nothing of the group.
 */
import { type BinaryNode, type CacheStore, isLidUser, jidDecode, jidNormalizedUser } from '@whiskeysockets/baileys'
import type { FindPerson } from './person.ts'

export async function forgetOtherList({ attrs }: BinaryNode, lists: CacheStore, findPerson: FindPerson): Promise<void> {
  if (attrs.type !== 'devices' || !attrs.from) return
  const named = jidNormalizedUser(attrs.from)
  const isLid = isLidUser(named)
  const { pn, lid } = await findPerson(isLid ? { lid: named } : { pn: named, ...(attrs.lid ? { lid: attrs.lid } : {}) })
  const other = jidDecode(isLid ? pn : lid)
  if (other) await lists.del(other.user)
}
