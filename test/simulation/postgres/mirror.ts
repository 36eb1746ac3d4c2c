/** The tables of the mirror, with the constraints that the operator can meet. */
import type { MirrorContent, MirrorTables, TenantRow } from '@berth/operator/database.ts'
import type { SessionRow } from '@berth/operator/session-row.ts'
import type { OwnershipFunctions } from './ownership.ts'
import { sqlError, type Tables } from './tables.ts'

/** Carries a write out at the server, if its sender leads there. */
export type Write = (what: string, write: (tables: Tables) => void) => Promise<void>

export class SimulatedMirror implements MirrorTables {
  readonly #installation: string
  readonly #ownership: OwnershipFunctions
  readonly #write: Write
  readonly #read: <T>(what: string, read: (tables: Tables) => T) => Promise<T>

  constructor(
    installation: string,
    ownership: OwnershipFunctions,
    write: Write,
    read: <T>(what: string, read: (tables: Tables) => T) => Promise<T>,
  ) {
    this.#installation = installation
    this.#ownership = ownership
    this.#write = write
    this.#read = read
  }

  load(): Promise<MirrorContent> {
    return this.#read('load mirror', ({ tenants, sessions, obstacles }) => ({
      installation: this.#installation,
      tenants: [...tenants.values()],
      sessions: [...sessions.values()],
      obstacles: [...obstacles].map(([id, obstacle]) => ({ id, obstacle })),
    }))
  }

  writeTier(name: string, spec: string): Promise<void> {
    return this.#write(`write tier ${name}`, ({ tiers }) => void tiers.set(name, spec))
  }

  removeTier(name: string): Promise<void> {
    return this.#write(`remove tier ${name}`, ({ tiers }) => void tiers.delete(name))
  }

  writeTenants(rows: readonly TenantRow[]): Promise<void> {
    const names = rows.map(({ name }) => name).join(', ')
    return this.#write(`write tenants ${names}`, ({ tenants }) => {
      for (const row of rows) tenants.set(row.id, { ...row, deleted: false })
    })
  }

  removeTenant(id: string): Promise<void> {
    return this.#write('remove tenant', ({ tenants, sessions }) => {
      const tenant = tenants.get(id)
      const isUsed = [...sessions.values()].some(({ tenantId }) => tenantId === id)
      if (tenant && isUsed) tenants.set(id, { ...tenant, deleted: true })
      else tenants.delete(id)
    })
  }

  insertSessions(rows: readonly SessionRow[]): Promise<void> {
    const names = rows.map(({ name }) => name).join(', ')
    return this.#write(`insert sessions ${names}`, (tables) => {
      for (const row of rows) check(row, tables)
      for (const row of rows) {
        tables.sessions.set(row.id, row)
        this.#ownership.add(row.id)
      }
    })
  }

  updateSession(row: SessionRow): Promise<void> {
    return this.#write(`update session ${row.name}`, (tables) => {
      if (tables.sessions.get(row.id)?.tenantId !== row.tenantId) return
      check(row, tables)
      tables.sessions.set(row.id, { ...row, deleted: false })
    })
  }

  writeObstacle(sessionId: string, obstacle: string | undefined): Promise<void> {
    return this.#write(`obstacle ${obstacle ?? 'none'}`, ({ obstacles, sessions }) => {
      if (obstacle && sessions.has(sessionId)) obstacles.set(sessionId, obstacle)
      else obstacles.delete(sessionId)
    })
  }

  eraseSession({ id, resourceUid, name }: SessionRow): Promise<void> {
    return this.#write(`erase session ${name}`, (tables) => {
      const row = tables.sessions.get(id)
      if (!row || row.resourceUid !== resourceUid || row.deleted) return
      for (const table of [tables.sessions, tables.obstacles, tables.states, tables.credentials, tables.keys])
        table.delete(id)
      for (const command of tables.commands.values()) if (command.sessionId === id) tables.commands.delete(command.id)
      tables.marks.states++
      this.#ownership.erase(id)
    })
  }

  retainSession({ id, resourceUid, name }: SessionRow): Promise<void> {
    return this.#write(`retain session ${name}`, ({ sessions }) => {
      const row = sessions.get(id)
      if (row?.resourceUid === resourceUid) sessions.set(id, { ...row, deleted: true })
    })
  }
}

/** The unique indexes and the foreign key of a session's row. */
function check(row: SessionRow, { sessions, tenants }: Tables): void {
  if (!tenants.has(row.tenantId)) throw sqlError('23503', 'no such tenant')
  for (const other of sessions.values()) {
    if (other.id === row.id || other.deleted) continue
    const isSame =
      other.resourceName === row.resourceName || (other.tenantId === row.tenantId && other.name === row.name)
    if (isSame) throw sqlError('23505', 'duplicate key value violates unique constraint')
  }
}
