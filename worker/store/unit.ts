/**
 * What is written together, and how the units of a batch become the rows of one commit.
 * Coalesced before anything is encoded: of a row that several units write, only the last value is encoded and sealed.
 */
import type { ChatFact, PersonFact, SessionRows, StateRow, StatusChange } from '@berth/core/postgres/commit.ts'
import type { Codec } from './codec.ts'
import { compareStatus } from './message-status.ts'
import type { Ownership } from './ownership.ts'

export interface KeyChange {
  type: string
  id: string
  /** undefined deletes the key. */
  value: unknown
}

/** One durable write of one session. It becomes visible as a whole or not at all. */
export interface Unit {
  owner: Ownership
  codec?: Codec
  /** Everything that is known of the account goes first. */
  purge?: boolean
  keys?: KeyChange[]
  /** Not sealed yet, as all values here. */
  credential?: { linkingAttempt: number; value: Buffer }
  journal?: { ciphertextHash: string; body: Buffer }[]
  received?: SessionRows['received']
  statuses?: StatusChange[]
  state?: StateRow
  commands?: SessionRows['commands']
  people?: PersonFact[]
  chats?: ChatFact[]
}

/** Where a value lies, for its seal. */
export const keyPlace = (type: string, id: string): string => `${type}/${id}`
export const journalPlace = (ciphertextHash: string): string => `journal/${ciphertextHash}`
export const CREDENTIAL_PLACE = 'credential'

/** The rows of one commit: one entry a session, in the order of their ids, which is the order of the locks. */
export function toRows(units: Unit[]): SessionRows[] {
  const bySession = Map.groupBy(units, (unit) => unit.owner)
  return [...bySession.values()].map(rowsOfSession).sort((a, b) => (a.session.sessionId < b.session.sessionId ? -1 : 1))
}

/** The units of one session, in their order, as one. */
function rowsOfSession(units: Unit[]): SessionRows {
  const { owner } = units[0]!
  const keys = new Map<string, KeyChange & { codec: Codec | undefined }>()
  const statuses = new Map<string, StatusChange>()
  const commands = new Map<string, SessionRows['commands'][number]>()
  let purge = false
  let credential: Unit['credential']
  let state: StateRow | undefined
  for (const unit of units) {
    if (unit.purge) {
      purge = true
      credential = undefined
      keys.clear()
    }
    for (const key of unit.keys ?? []) keys.set(keyPlace(key.type, key.id), { ...key, codec: unit.codec })
    for (const change of unit.statuses ?? []) {
      statuses.set(change.whatsappId, later(statuses.get(change.whatsappId), change))
    }
    for (const command of unit.commands ?? []) commands.set(command.id, command)
    credential = unit.credential ?? credential
    state = unit.state ?? state
  }
  const { seal } = owner.sealer
  return {
    session: owner,
    purge,
    keys: [...keys].map(([place, { type, id, value, codec }]) => ({
      type,
      id,
      value: value === undefined ? undefined : seal(place, codec!.encode(type, value)),
    })),
    credential: credential && { ...credential, value: seal(CREDENTIAL_PLACE, credential.value) },
    journal: units.flatMap((unit) =>
      (unit.journal ?? []).map(({ ciphertextHash, body }) => ({
        ciphertextHash,
        body: seal(journalPlace(ciphertextHash), body),
      })),
    ),
    received: units.flatMap((unit) => unit.received ?? []),
    statuses: [...statuses.values()],
    state,
    commands: [...commands.values()],
    people: units.flatMap((unit) => unit.people ?? []),
    chats: units.flatMap((unit) => unit.chats ?? []),
  }
}

/** Of two changes of one message, the one further on; the time of sending is kept, whichever told it. */
function later(before: StatusChange | undefined, after: StatusChange): StatusChange {
  if (!before) return after
  const further = compareStatus(after.status, before.status) > 0 ? after : before
  const sentAt = before.sentAt ?? after.sentAt
  return sentAt ? { ...further, sentAt } : further
}
