/** Everything that sessions need at once when they are claimed: nine queries for all of them together. */
import { loadCommands, loadCredentials, loadJournal, loadStates } from '@berth/core/postgres/auth-state.ts'
import { loadProviders } from '@berth/core/postgres/channels.ts'
import type { StateRow } from '@berth/core/postgres/commit.ts'
import { loadTiers } from '@berth/core/postgres/logins.ts'
import { sessionsWithMedia } from '@berth/core/postgres/media.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { loadPaces, loadSends } from '@berth/core/postgres/sends.ts'
import { OUTBOX_BATCH } from '../outbox.ts'
import type { Ownership } from '../store/ownership.ts'
import { CREDENTIAL_PLACE, journalPlace } from '../store/unit.ts'
import type { StoredSession } from './environment.ts'

export async function loadSessions(
  pool: Pool,
  bootId: string,
  owners: Ownership[],
): Promise<Map<Ownership, StoredSession>> {
  const ids = owners.map((owner) => owner.sessionId)
  const [credentials, states, journal, sends, commands, tiers, paces, withMedia, providers] = await Promise.all([
    loadCredentials(pool, bootId, ids),
    loadStates(pool, bootId, ids),
    loadJournal(pool, bootId, ids),
    loadSends(pool, bootId, ids, OUTBOX_BATCH),
    loadCommands(pool, bootId, ids),
    loadTiers(pool, bootId, ids),
    loadPaces(pool, bootId, ids),
    sessionsWithMedia(pool, bootId, ids),
    loadProviders(pool, bootId, ids),
  ])
  const rows = {
    credentials: bySession(credentials),
    states: bySession(states),
    journal: bySession(journal),
    sends: bySession(sends),
    commands: bySession(commands),
    tiers: bySession(tiers),
  }
  return new Map(
    owners.map((owner) => {
      const { sessionId, sealer } = owner
      const { tier: name = 'unknown', rank = 0 } = rows.tiers.get(sessionId)?.[0] ?? {}
      const stored: StoredSession = {
        provider: providers.get(sessionId) ?? 'Baileys',
        credential: undefined,
        tier: { name, rank },
        state: rows.states.get(sessionId)?.map(stateRow)[0],
        journal: [],
        sends: rows.sends.get(sessionId) ?? [],
        pace: paces.get(sessionId) ?? {},
        commands: rows.commands.get(sessionId) ?? [],
        hasMedia: withMedia.includes(sessionId),
      }
      try {
        const credential = rows.credentials.get(sessionId)?.[0]
        if (credential) {
          const value = sealer.open(CREDENTIAL_PLACE, credential.value)
          stored.credential = { linkingAttempt: credential.linking_attempt, value }
        }
        stored.journal = (rows.journal.get(sessionId) ?? []).map(({ ciphertext_hash, body }) => ({
          ciphertextHash: ciphertext_hash,
          body: sealer.open(journalPlace(ciphertext_hash), body),
        }))
      } catch (error) {
        stored.unreadable = error as Error
      }
      return [owner, stored]
    }),
  )
}

const bySession = <Row extends { session_id: string }>(rows: Row[]): Map<string, Row[]> =>
  Map.groupBy(rows, (row) => row.session_id)

const stateRow = (row: Awaited<ReturnType<typeof loadStates>>[number]): StateRow => ({
  state: row.state,
  reason: row.reason ?? undefined,
  message: row.message ?? undefined,
  attempt: row.attempt,
  since: row.since,
  phoneNumber: row.phone_number ?? undefined,
  lid: row.lid ?? undefined,
})
