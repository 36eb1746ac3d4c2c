/** What tests of the judge and of what is told begin with: a run in which nothing happened. */
import type { Round } from './chaos.ts'
import type { Records } from './records.ts'

export const NO_RECORDS: Records = {
  sent: [],
  written: [],
  seen: [],
  listed: [],
  ledger: [],
  connections: [],
  frozen: [],
  scansWanted: [],
  faults: [],
}

/** A round in which nobody moved and nothing was found. */
export const roundWith = (change: Partial<Round>): Round => ({
  number: 1,
  fault: 'kill',
  what: 'max-1',
  recoveries: [],
  moved: 0,
  movedInVain: [],
  settledMs: 5000,
  findings: [],
  ...change,
})
