/** People, as WhatsApp addresses them and as we write them. Pure. */
import type { Author } from '@berth/core/model/message-parts.ts'
import { isLidUser, isPnUser, jidDecode, jidEncode, jidNormalizedUser } from '@whiskeysockets/baileys'

/** Who a person is: by phone number, by LID, or both. JIDs without a device. */
export interface Person {
  pn?: string
  lid?: string
}

/** Finds what is missing of a person; answers what is known. */
export type FindPerson = (person: Person) => Promise<Person>

/** PN and LID of an address and its other form, whichever is which. */
export function personOf(...jids: (string | null | undefined)[]): Person {
  const person: Person = {}
  for (const jid of jids) {
    if (!jid) continue
    if (isPnUser(jid)) person.pn ??= jidNormalizedUser(jid)
    else if (isLidUser(jid)) person.lid ??= jidNormalizedUser(jid)
  }
  return person
}

export const isSame = (a: Person, b: Person): boolean =>
  (a.pn !== undefined && a.pn === b.pn) || (a.lid !== undefined && a.lid === b.lid)

/** E.164, from a JID of a phone number. */
export const phoneNumberOf = (jid: string): string => `+${jidDecode(jid)?.user}`

/** The address of a person as the API writes it: E.164, or the LID. */
export const addressOf = (jid: string): string => (isPnUser(jid) ? phoneNumberOf(jid) : jidNormalizedUser(jid))

/** The JID of such an address. */
export const jidOf = (address: string): string =>
  address.startsWith('+') ? jidEncode(address.slice(1), 's.whatsapp.net') : address

export const authorOf = ({ pn, lid }: Person): Author => ({
  ...(pn ? { phoneNumber: phoneNumberOf(pn) } : {}),
  ...(lid ? { lid } : {}),
})

export const personFrom = ({ phoneNumber, lid }: Author): Person => ({
  ...(phoneNumber ? { pn: jidOf(phoneNumber) } : {}),
  ...(lid ? { lid } : {}),
})
