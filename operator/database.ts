/**
 * What the operator asks of Postgres, and all that it writes there. `postgres.ts` is the real one; the simulation of
 * test/simulation has another, so that the operator runs in it as it is.
 *
 * Every call rejects when the database can't be asked; what it was to do may have happened nevertheless.
 */
import type { Mark, NewIncarnation } from '@berth/core/ownership/database.ts'
import type { LeaseRow, Reading } from './poll.ts'
import type { SessionRow } from './session-row.ts'

export interface TenantRow {
  id: string
  name: string
  tier: string
  displayName: string | null
  state: 'Active' | 'Suspended'
  resourceUid: string
  deleted: boolean
}

export interface Database {
  /** `canary`: this process's own id. `before`: the last reading; what has not changed since is the same object. */
  poll(canary: string, before?: Reading): Promise<Reading>
  /** Begins a term: whoever led before writes nothing more. */
  takeLead(): Promise<Lead>
  /** Removes what nobody needs any more; answers how much that was. */
  sweep(): Promise<Record<string, number>>
}

/** The writes of one term. Each rejects, as isDeposed() tells, once another operator has taken the lead. */
export interface Lead {
  readonly mirror: MirrorTables
  readonly trust: TrustTables
  /**
   * Ends a boot: its process can write nothing more, and its sessions can be claimed. False: it is over already, or has
   * renewed since it was judged, so it lives.
   */
  revoke(boot: LeaseRow, reason: string): Promise<boolean>
  /** Has the owner of a session log it out; again under the same id is the same command. */
  askLogout(id: string, session: Pick<SessionRow, 'id' | 'tenantId'>): Promise<void>
}

/** What is written of the database itself (database-guard.ts). */
export interface TrustTables {
  /** Nothing is missing: from now on it is trusted, and at home there. False: the doubt is another one by now. */
  confirm(doubt: string | undefined, home: string): Promise<boolean>
  /** Answers the mark as it is then. */
  raiseMark(): Promise<Mark>
  /** Something is missing: from now on nobody claims. */
  report(report: string): Promise<void>
  /**
   * Begins a new incarnation. `kept`: the sessions that who holds them and has vouched may keep; how many others there are is
   * answered. Undefined: the doubt is another one by now, and nothing was done.
   */
  repair(doubt: string, home: string, next: NewIncarnation, kept: readonly string[]): Promise<number | undefined>
}

/** The tables of the mirror (mirror.ts). */
export interface MirrorTables {
  load(): Promise<MirrorContent>
  /** `spec`: as JSON. */
  writeTier(name: string, spec: string): Promise<void>
  removeTier(name: string): Promise<void>
  writeTenants(rows: readonly TenantRow[]): Promise<void>
  /** A tenant without sessions: its row goes, or, where data were retained, is marked; its API keys end. */
  removeTenant(id: string): Promise<void>
  insertSessions(rows: readonly SessionRow[]): Promise<void>
  updateSession(row: SessionRow): Promise<void>
  /** Why a session has no place, in a word; undefined once it has one. */
  writeObstacle(sessionId: string, obstacle: string | undefined): Promise<void>
  eraseSession(row: SessionRow): Promise<void>
  retainSession(row: SessionRow): Promise<void>
}

export interface MirrorContent {
  installation: string
  tenants: TenantRow[]
  sessions: SessionRow[]
  obstacles: { id: string; obstacle: string }[]
}
