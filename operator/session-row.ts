/**
 * Which row of the database a session resource stands for, and whether it may. Pure.
 *
 * A resource keeps the row that lives under its name, also when it was created anew. Without one it gets a new row. A row
 * whose data were retained at a deletion is revived only by a resource that names its id in spec.adopt, and only
 * within the same tenant: nothing is ever taken over silently.
 */
import { sessionIdOf, sessionNameOf } from '@berth/core/model/names.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Reason } from '@berth/core/placement/snapshot.ts'

export interface SessionRow {
  id: string
  tenantId: string
  name: string
  resourceName: string
  resourceUid: string
  provider: string
  desiredState: 'Running' | 'Stopped'
  deleted: boolean
}

export type RowDecision = { row: SessionRow; write: 'insert' | 'update' | 'none' } | { blocked: Reason }

/** `installation` and `namespace` make the id of a new row. */
export function decideRow(
  session: WhatsAppSession,
  tenantId: string,
  rows: { byId(id: string): SessionRow | undefined; living(resourceName: string): SessionRow | undefined },
  { installation, namespace }: { installation: string; namespace: string },
): RowDecision {
  const { name, uid = '' } = session.metadata
  const { tenant, adopt, provider, desiredState } = session.spec
  const living = rows.living(name)
  const id = living?.id ?? adopt ?? sessionIdOf(installation, namespace, name)
  const known = rows.byId(id)
  const row: SessionRow = {
    id,
    tenantId,
    name: sessionNameOf(name, tenant),
    resourceName: name,
    resourceUid: uid,
    provider,
    desiredState,
    deleted: false,
  }
  if (known && known.tenantId !== tenantId) return { blocked: adopt ? notFound(adopt) : usedByAnother(name) }
  if (adopt && !known) return { blocked: notFound(adopt) }
  if (!known) return { row, write: 'insert' }
  if (!known.deleted && known.resourceName !== name) return { blocked: inUse(id, known.resourceName) }
  if (known.deleted && adopt !== id) return { blocked: retained(id) }
  return { row, write: isSame(known, row) ? 'none' : 'update' }
}

const isSame = (a: SessionRow, b: SessionRow): boolean =>
  (Object.keys(a) as (keyof SessionRow)[]).every((field) => a[field] === b[field])

const retained = (id: string): Reason => ({
  reason: 'DataRetained',
  message:
    `A deleted session of this name left its data behind. Set spec.adopt to ${id} to take them over, ` +
    'or create the session under another name.',
})

const notFound = (id: string): Reason => ({
  reason: 'AdoptNotFound',
  message: `This tenant has no retained data with the id ${id}. Correct the id by deleting this session and creating it again.`,
})

const inUse = (id: string, holder: string): Reason => ({
  reason: 'AdoptInUse',
  message: `The data with the id ${id} belong to the session ${holder}, which exists. Delete that one first, with onDelete.data: Retain.`,
})

const usedByAnother = (name: string): Reason => ({
  reason: 'NameTaken',
  message: `Data of another tenant are kept under the name ${name}. Create the session under another name.`,
})
