/**
 * The functions of Postgres that workers call, by their names: they have no other rights, so these are all that they can do.
 * Parameters and rows are those of core/postgres.
 */

import type { StateRow } from '@berth/operator/poll.ts'
import { NotSimulated } from '../network.ts'
import type { Held, OwnershipFunctions } from './ownership.ts'
import type { Tables } from './tables.ts'
import { doubtOf, vouch } from './trust.ts'

type Row = Record<string, unknown>
type Values = unknown[]

/** Places of the parameters of write_commit. */
const COMMIT = {
  boot: 0,
  number: 1,
  sessions: 2,
  epochs: 3,
  blob: 4,
  keys: 5,
  goneKeys: 10,
  credentials: 13,
  states: 23,
  commands: 24,
  purges: 25,
}

/** Runs a statement of a worker; answers its rows. */
export function callFunction(ownership: OwnershipFunctions, text: string, values: Values): Row[] {
  const name = /(\w+)\((\$1|\))/.exec(text)?.[1] ?? ''
  const run = functions[name]
  if (!run) throw new NotSimulated(`the simulated Postgres has no function for: ${text}`)
  return run(ownership, values)
}

const functions: Record<string, (ownership: OwnershipFunctions, values: Values) => Row[]> = {
  lease_open(ownership, values) {
    ownership.open(...(values as [string, string, string, string]))
    return [{}]
  },
  lease_renew: (ownership, [boot]) => [{ alive: ownership.renew(boot as string) }],
  lease_end(ownership, [boot]) {
    ownership.end(boot as string)
    return [{}]
  },
  claim_trusted: (ownership, [boot, sessions, generations, ratchets]) =>
    (sessions as string[]).flatMap((id, index) => {
      const claimed = ownership.claim(boot as string, id, (generations as number[])[index]!)
      if (!claimed) return []
      if (claimed.distrusted) dropKeys(ownership, id, ratchets as string[])
      const { tenantId: tenant_id, epoch, distrusted } = claimed
      return [{ session_id: id, tenant_id, epoch, distrusted }]
    }),
  vouch: (ownership, [boot, doubt, commit]) => [
    { ok: vouch(ownership.tables(), boot as string, doubt as string, commit as number) },
  ],
  database_report(ownership) {
    ownership.tables().trust.reports++
    return [{}]
  },
  trust_session(ownership, [boot, sessionId, epoch]) {
    ownership.trust(boot as string, { sessionId: sessionId as string, epoch: epoch as number })
    return [{}]
  },
  database_doubt: (ownership) => [{ doubt: doubtOf(ownership.tables()) ?? null }],
  release: (ownership, [boot, sessions, epochs]) =>
    heldOf(sessions, epochs)
      .filter((held) => ownership.release(boot as string, held))
      .map(({ sessionId: id }) => ({ id })),
  owned: (ownership, [boot, sessions, epochs]) =>
    heldOf(sessions, epochs)
      .filter((held) => ownership.owns(boot as string, held))
      .map(({ sessionId: id }) => ({ id })),
  wanted_elsewhere: (ownership, [boot]) => ownership.wantedElsewhere(boot as string).map((id) => ({ id })),
  held_claims: (ownership, [boot]) =>
    ownership.heldClaims(boot as string).map(({ sessionId, epoch }) => ({ session_id: sessionId, epoch })),
  left_behind: (ownership, [boot]) =>
    ownership.leftBehind(boot as string).map(({ sessionId, generation, linkingAttempt }) => ({
      session_id: sessionId,
      generation,
      linking_attempt: linkingAttempt,
    })),
  commit_number: (ownership, [boot]) => [{ number: ownership.tables().commits.get(boot as string) ?? -1 }],
  write_commit: (ownership, values) => [{ places: writeCommit(ownership, values) }],
  load_credentials: (ownership, [boot, sessions]) =>
    readable(ownership, boot, sessions).flatMap((id) => {
      const credential = ownership.tables().credentials.get(id)
      const { linkingAttempt, value } = credential ?? {}
      return credential ? [{ session_id: id, linking_attempt: linkingAttempt, value }] : []
    }),
  load_states: (ownership, [boot, sessions]) =>
    readable(ownership, boot, sessions).flatMap((id) => {
      const state = ownership.tables().states.get(id)
      if (!state) return []
      const { phoneNumber, ...rest } = state
      return [{ ...rest, session_id: id, phone_number: phoneNumber, attempt: 0, since: new Date(), lid: null }]
    }),
  load_open_commands: (ownership, [boot, sessions]) =>
    readable(ownership, boot, sessions).flatMap((sessionId) =>
      [...ownership.tables().commands.values()]
        .filter((command) => command.sessionId === sessionId && command.status === 'queued')
        .map(({ id, kind }) => ({ session_id: sessionId, id, kind, input: {} })),
    ),
  load_tiers: (ownership, [boot, sessions]) =>
    readable(ownership, boot, sessions).map((id) => ({ session_id: id, tier: 'any', rank: 0 })),
  // Everybody may log in at once.
  lease_logins: (_, [, , , counts]) => [{ granted: counts, wait_ms: 0 }],
  // Nobody sends or receives here.
  load_journal: () => [],
  load_sends: () => [],
  load_paces: () => [],
  load_providers: () => [],
  load_auto_replies: () => [],
  advance_sends: () => [{ count: 0 }],
  sessions_with_media: () => [],
  load_keys: (ownership, [boot, sessions, types, ids]) => {
    const mine = new Set(readable(ownership, boot, sessions))
    return (sessions as string[]).flatMap((id, index) => {
      const place = keyPlace((types as string[])[index]!, (ids as string[])[index]!)
      const value = mine.has(id) ? ownership.tables().keys.get(id)?.get(place) : undefined
      return value ? [{ place: index + 1, value }] : []
    })
  },
}

/** Those that only read. */
export const READS: ReadonlySet<string> = new Set([
  ...Object.keys(functions).filter((name) => name.startsWith('load_')),
  ...[
    'database_doubt',
    'owned',
    'held_claims',
    'wanted_elsewhere',
    'left_behind',
    'commit_number',
    'sessions_with_media',
  ],
])

const heldOf = (sessions: unknown, epochs: unknown): Held[] =>
  (sessions as string[]).map((sessionId, index) => ({ sessionId, epoch: (epochs as number[])[index]! }))

/** A boot reads only what it holds. */
const readable = (ownership: OwnershipFunctions, boot: unknown, sessions: unknown): string[] =>
  (sessions as string[]).filter((id) => ownership.holds(boot as string, id))

/** The places of the sessions whose fence held, from 1; null: the number is not the next one. */
function writeCommit(ownership: OwnershipFunctions, values: Values): number[] | null {
  const sessions = heldOf(values[COMMIT.sessions], values[COMMIT.epochs])
  const held = ownership.commit(values[COMMIT.boot] as string, values[COMMIT.number] as number, sessions)
  if (!held) return null
  const tables = ownership.tables()
  const mine = new Set(held.map((one) => sessions.indexOf(one) + 1))
  const [places, attempts, offsets, lengths] = values.slice(COMMIT.credentials, COMMIT.credentials + 4) as number[][]
  const blob = values[COMMIT.blob] as Buffer
  for (const place of values[COMMIT.purges] as number[]) {
    if (!mine.has(place)) continue
    tables.credentials.delete(sessions[place - 1]!.sessionId)
    tables.keys.delete(sessions[place - 1]!.sessionId)
  }
  writeKeys(tables, sessions, mine, values)
  for (const [index, place] of places!.entries()) {
    if (!mine.has(place)) continue
    const value = blob.subarray(offsets![index]! - 1, offsets![index]! - 1 + lengths![index]!)
    tables.credentials.set(sessions[place - 1]!.sessionId, { linkingAttempt: attempts![index]!, value })
  }
  for (const { place, state, reason, message, phone_number } of parsed(values[COMMIT.states])) {
    if (!mine.has(place as number)) continue
    const { sessionId, epoch } = sessions[(place as number) - 1]!
    const row = { sessionId, epoch, state, reason: reason ?? null, message: message ?? null }
    tables.states.set(sessionId, { ...row, phoneNumber: phone_number ?? null } as StateRow)
    tables.marks.states++
  }
  for (const { place, id, status } of parsed(values[COMMIT.commands])) {
    const command = mine.has(place as number) ? tables.commands.get(id as string) : undefined
    if (command?.status === 'queued') tables.commands.set(command.id, { ...command, status: status as 'done' })
  }
  return [...mine]
}

function writeKeys(tables: Tables, sessions: readonly Held[], mine: ReadonlySet<number>, values: Values): void {
  const blob = values[COMMIT.blob] as Buffer
  const [places, types, ids, offsets, lengths] = values.slice(COMMIT.keys, COMMIT.keys + 5) as [
    number[],
    string[],
    string[],
    number[],
    number[],
  ]
  const [gonePlaces, goneTypes, goneIds] = values.slice(COMMIT.goneKeys, COMMIT.goneKeys + 3) as [
    number[],
    string[],
    string[],
  ]
  const put = (place: number, type: string, id: string, value: Buffer | undefined) => {
    if (!mine.has(place)) return
    const { sessionId } = sessions[place - 1]!
    const keys = new Map(tables.keys.get(sessionId))
    if (value) keys.set(keyPlace(type, id), value)
    else keys.delete(keyPlace(type, id))
    tables.keys.set(sessionId, keys)
  }
  for (const [i, place] of places.entries()) {
    put(place, types[i]!, ids[i]!, blob.subarray(offsets[i]! - 1, offsets[i]! - 1 + lengths[i]!))
  }
  for (const [i, place] of gonePlaces.entries()) put(place, goneTypes[i]!, goneIds[i]!, undefined)
}

const keyPlace = (type: string, id: string): string => `${type}/${id}`

function dropKeys(ownership: OwnershipFunctions, sessionId: string, types: readonly string[]): void {
  const { keys } = ownership.tables()
  const kept = [...(keys.get(sessionId) ?? [])].filter(([place]) => !types.includes(place.split('/')[0]!))
  keys.set(sessionId, new Map(kept))
}

const parsed = (json: unknown): Row[] => (json === null ? [] : (JSON.parse(json as string) as Row[]))
