/** Finds what a request's path names, or says that it isn't there; another tenant's looks exactly the same. */
import { NAME_PATTERN } from '@berth/core/model/names.ts'
import type { Database } from './data/database.ts'
import { findSession, type SessionRow } from './data/sessions.ts'
import { UUID_PATTERN } from './data/uuid.ts'
import type { ProblemCode } from './problems/catalogue.ts'
import { Problem } from './problems/problem.ts'

/** Throws Problem session_not_found. */
export async function requireSession(database: Database, tenantId: string, name: string): Promise<SessionRow> {
  const row = NAME_PATTERN.test(name) ? await findSession(database, tenantId, name) : undefined
  if (!row) throw new Problem('session_not_found')
  return row
}

/** Throws the problem for an id that no row can have. */
export function requireUuid(id: string, problem: ProblemCode): string {
  if (!UUID_PATTERN.test(id)) throw new Problem(problem)
  return id
}
