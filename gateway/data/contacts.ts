/** Contacts: whom an account has had to do with. */
import { type ContactFilter, type ContactRow, contactsOf } from '@berth/core/postgres/contacts.ts'
import type { Database } from './database.ts'

export const listContacts = (database: Database, tenantId: string, filter: ContactFilter): Promise<ContactRow[]> =>
  database.query(tenantId, contactsOf(filter))

export async function findContact(
  database: Database,
  tenantId: string,
  { sessionId, id }: { sessionId: string; id: string },
): Promise<ContactRow | undefined> {
  const [row] = await database.query(tenantId, contactsOf({ sessionId, id, limit: 1 }))
  return row
}
