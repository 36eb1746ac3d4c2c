/** What a commit held, for the metrics. */
import type { SessionRows } from '@berth/core/postgres/commit.ts'
import { commitRows } from '../metrics.ts'

export function countRows(rows: SessionRows[]): void {
  const count = (kind: string, of: (row: SessionRows) => number) => {
    const total = rows.reduce((sum, row) => sum + of(row), 0)
    if (total > 0) commitRows.inc({ kind }, total)
  }
  count('key', (row) => row.keys.length)
  count('credential', (row) => (row.credential ? 1 : 0))
  count('journal', (row) => row.journal.length)
  count('message', (row) => row.received.length)
  count('status', (row) => row.statuses.length)
  count('state', (row) => (row.state ? 1 : 0))
  count('command', (row) => row.commands.length)
}
