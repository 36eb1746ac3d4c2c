/** What the simulated Postgres holds. Ownership is the machine of core/ownership, which the real one is compared with. */
import type { World } from '@berth/core/ownership/machine.ts'
import type { TenantRow } from '@berth/operator/database.ts'
import type { StateRow } from '@berth/operator/poll.ts'
import type { SessionRow } from '@berth/operator/session-row.ts'
import { newTrust, type Trust } from './trust.ts'

export interface CommandRow {
  id: string
  sessionId: string
  kind: 'logout'
  status: 'queued' | 'done' | 'failed'
  errorMessage: string | null
  createdAt: number
}

export interface Tables {
  ownership: World
  /** Boot → what else its lease says. */
  leases: Map<string, { bootNumber: number; worker: string; address: string }>
  /** Boot → number of its last commit. */
  commits: Map<string, number>
  tiers: Map<string, string>
  tenants: Map<string, TenantRow>
  sessions: Map<string, SessionRow>
  obstacles: Map<string, string>
  states: Map<string, StateRow>
  credentials: Map<string, { linkingAttempt: number; value: Buffer }>
  /** Session → type and id of a key → value. */
  keys: Map<string, ReadonlyMap<string, Buffer>>
  commands: Map<string, CommandRow>
  canaries: Map<string, number>
  /** The lead that was taken last. */
  leader: string | undefined
  /** What the operator says of the database itself. */
  trust: Trust
  /** Raised by each change of owners, of states. */
  marks: { owners: number; states: number }
}

export const emptyTables = (): Tables => ({
  ownership: { boots: new Map(), owners: new Map() },
  leases: new Map(),
  commits: new Map(),
  tiers: new Map(),
  tenants: new Map(),
  sessions: new Map(),
  obstacles: new Map(),
  states: new Map(),
  credentials: new Map(),
  keys: new Map(),
  commands: new Map(),
  canaries: new Map(),
  leader: undefined,
  trust: newTrust(),
  marks: { owners: 0, states: 0 },
})

/** An error as Postgres' own, with its SQLSTATE. */
export const sqlError = (code: string, message: string): Error => Object.assign(new Error(message), { code })
