/** What Baileys learns of people and chats besides their messages, as facts that a commit can hold. Pure. */
import type { ChatFact, PersonFact } from '@berth/core/postgres/commit.ts'
import { type BinaryNode, type Chat, type Contact, isJidGroup, jidNormalizedUser } from '@whiskeysockets/baileys'
import { isSame, type Person, personOf, phoneNumberOf } from './person.ts'
import { idsOfReceipt } from './receipts.ts'

/** Muted without an end. Postgres and JavaScript agree on this one. */
const FOREVER = new Date('9999-12-31T00:00:00Z')

/** Baileys' key type: `<phone number>` → LID, `<LID>_reverse` → phone number. */
export const LID_MAPPING = 'lid-mapping'
const REVERSE = '_reverse'

/** Whose LIDs have become known with these keys. */
export const peopleOfMappings = (mappings: Record<string, unknown> | undefined): PersonFact[] =>
  Object.entries(mappings ?? {}).flatMap(([number, lid]) =>
    typeof lid === 'string' && !number.endsWith(REVERSE) ? [{ phone: `+${number}`, lid: `${lid}@lid` }] : [],
  )

/** What the phone's settings say of chats. */
export function factsOfChats(updates: Partial<Chat>[]): ChatFact[] {
  return updates.flatMap(({ id, archived, pinned, muteEndTime }) => {
    if (!id) return []
    const told = {
      ...(typeof archived === 'boolean' && { archived }),
      ...(pinned !== undefined && { pinnedAt: pinned ? dateOf(Number(pinned)) : null }),
      ...(muteEndTime !== undefined && { mutedUntil: muteEndTime ? dateOf(Number(muteEndTime)) : null }),
    }
    return Object.keys(told).length > 0 ? [{ chat: jidNormalizedUser(id), ...told }] : []
  })
}

/** What the account's address book and WhatsApp call people. */
export function factsOfContacts(contacts: Partial<Contact>[]): PersonFact[] {
  return contacts.flatMap(({ id, lid, phoneNumber, name, verifiedName }) => {
    const { pn, lid: known } = personOf(id, lid, phoneNumber)
    const told = { ...(name !== undefined && { savedName: name }), ...(verifiedName && { verifiedName }) }
    if ((!pn && !known) || Object.keys(told).length === 0) return []
    return [{ ...(pn && { phone: phoneNumberOf(pn) }), ...(known && { lid: known }), ...told }]
  })
}

/** A chat that was read on another device of the account; undefined: the receipt says something else. */
export function readElsewhere(receipt: BinaryNode, me: Person): ChatFact | undefined {
  const { type, from, participant, recipient } = receipt.attrs
  if (type !== 'read' && type !== 'read-self') return undefined
  const isGroup = isJidGroup(from)
  const chat = isGroup ? from : recipient
  if (!chat || !isSame(personOf(isGroup ? participant : from), me)) return undefined
  return { chat: jidNormalizedUser(chat), read: idsOfReceipt(receipt) }
}

/** From milliseconds. */
const dateOf = (time: number): Date => (time > 0 && time < FOREVER.getTime() ? new Date(time) : FOREVER)
