/** Contacts and conversations: whom an account has had to do with. */
import {
  type ContactFilter,
  type ContactRow,
  type ConversationFilter,
  type ConversationRow,
  contactsOf,
  conversationsOf,
} from '@berth/core/postgres/contacts.ts'
import type { Database } from './database.ts'

export const listContacts = (database: Database, tenantId: string, filter: ContactFilter): Promise<ContactRow[]> =>
  database.query(tenantId, contactsOf(filter))

export async function findContact(
  database: Database,
  tenantId: string,
  { sessionId, address }: { sessionId: string; address: string },
): Promise<ContactRow | undefined> {
  const [row] = await database.query(tenantId, contactsOf({ sessionId, address, limit: 1 }))
  return row
}

export const listConversations = (
  database: Database,
  tenantId: string,
  filter: ConversationFilter,
): Promise<ConversationRow[]> => database.query(tenantId, conversationsOf(filter))

export async function findConversation(
  database: Database,
  tenantId: string,
  { sessionId, address }: { sessionId: string; address: string },
): Promise<ConversationRow | undefined> {
  const [row] = await database.query(tenantId, conversationsOf({ sessionId, address, limit: 1 }))
  return row
}
