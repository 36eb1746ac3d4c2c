/** The addresses of a person: finds the other one in the mappings that Baileys stores. */
import { jidDecode, jidEncode } from '@whiskeysockets/baileys'
import type { SessionStore } from '../../store/session-store.ts'
import { LID_MAPPING } from './facts.ts'
import { type Person, phoneNumberOf } from './person.ts'

export async function findPerson(store: Pick<SessionStore, 'get'>, person: Person): Promise<Person> {
  const { pn, lid } = person
  if (pn && !lid) {
    const user = await look(store, jidDecode(pn)?.user)
    return user ? { pn, lid: jidEncode(user, 'lid') } : person
  }
  if (lid && !pn) {
    const user = await look(store, `${jidDecode(lid)?.user}_reverse`)
    return user ? { pn: jidEncode(user, 's.whatsapp.net'), lid } : person
  }
  return person
}

async function look(store: Pick<SessionStore, 'get'>, id: string | undefined): Promise<string | undefined> {
  if (!id) return undefined
  const found = (await store.get(LID_MAPPING, [id]))[id]
  return typeof found === 'string' ? found : undefined
}

/** As the API writes a person. */
export const addressesOf = ({ pn, lid }: Person) => ({
  ...(pn ? { phoneNumber: phoneNumberOf(pn) } : {}),
  ...(lid ? { lid } : {}),
})
