/** What the operator writes of the database itself, in Postgres (migration 0007). */
import type { Mark, NewIncarnation } from '@berth/core/ownership/database.ts'
import type { TrustTables } from './database.ts'

/** Asks as the leader; answers the rows. */
export type Ask = <Row extends object>(text: string, values: unknown[]) => Promise<Row[]>

const CONFIRM = `UPDATE database_trust SET home = $1, answered = reports, confirmed = database_run() || '/' || reports
  WHERE database_doubt() IS NOT DISTINCT FROM $2 RETURNING 1`

export class PostgresTrustTables implements TrustTables {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  async confirm(doubt: string | undefined, home: string): Promise<boolean> {
    return (await this.#ask(CONFIRM, [home, doubt ?? null])).length === 1
  }

  async raiseMark(): Promise<Mark> {
    const text = 'UPDATE database_trust SET mark = mark + 1 RETURNING incarnation, mark'
    return (await this.#ask<{ incarnation: number; mark: number }>(text, []))[0]!
  }

  async report(report: string): Promise<void> {
    await this.#ask('UPDATE database_trust SET reports = reports + 1, last_report = $1', [report])
  }

  async repair(
    doubt: string,
    home: string,
    { incarnation, mark, epochFloor }: NewIncarnation,
    kept: readonly string[],
  ): Promise<number | undefined> {
    const [row] = await this.#ask<{ distrusted: number | null }>(
      'SELECT database_repair($1, $2, $3, $4, $5, $6) AS distrusted',
      [doubt, home, incarnation, mark, epochFloor, kept],
    )
    return row!.distrusted ?? undefined
  }
}
