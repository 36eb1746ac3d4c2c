/** What a session is doing now, and since when. */
import type { StateRow } from '@berth/core/postgres/commit.ts'
import { type ConnectionReport, isResting, PassingReason } from '../drivers/driver.ts'

export interface SessionState extends ConnectionReport {
  since: Date
}

/** As an earlier owner left it: trying again would change nothing. */
export function needsPerson({ state, reason }: SessionState): boolean {
  return isResting(state) && !Object.values<string | undefined>(PassingReason).includes(reason)
}

export function stateFrom(row: StateRow | undefined): SessionState {
  if (!row) return { state: 'Connecting', attempt: 0, since: new Date() }
  const { state, reason, message, attempt, since, phoneNumber, lid } = row
  return { state: state as SessionState['state'], reason, message, attempt, since, phoneNumber, lid }
}
