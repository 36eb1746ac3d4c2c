/** Contacts and conversations: whom an account has had to do with. */
import {
  type ContactFilter,
  type ContactRow,
  type ConversationFilter,
  type ConversationRow,
  contactsOf,
  conversationsOf,
  erasure,
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

/** In the order of their chats, which does not change while they are read. */
export function listConversationsByChat(
  database: Database,
  tenantId: string,
  filter: ConversationFilter,
  after: string | undefined,
): Promise<ConversationRow[]> {
  const query = conversationsOf(filter).clearOrderBy().orderBy('c.chat')
  return database.query(tenantId, after === undefined ? query : query.where('c.chat', '>', after))
}

export async function findConversation(
  database: Database,
  tenantId: string,
  { sessionId, address }: { sessionId: string; address: string },
): Promise<ConversationRow | undefined> {
  const [row] = await database.query(tenantId, conversationsOf({ sessionId, address, limit: 1 }))
  return row
}

/** Messages that are deleted at once. */
const ERASED_AT_ONCE = 1000

/** Can be repeated when it broke off. False: nothing is known of the person. */
export async function eraseContact(
  database: Database,
  tenantId: string,
  { sessionId, address }: { sessionId: string; address: string },
): Promise<boolean> {
  for (let any = false; ; any = true) {
    const [row] = await database.query(tenantId, erasure(sessionId, address, ERASED_AT_ONCE))
    if (row!.erased === null) return any
    if (row!.erased === 0) return true
  }
}
