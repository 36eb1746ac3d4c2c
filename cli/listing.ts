/** A list of records, as a table for people or as JSON for programs. */
import { TextTable } from './table.ts'
import { asJson, type Terminal } from './terminal.ts'

/** A heading, and what stands under it. */
export type Column<T> = readonly [heading: string, cell: (record: T) => unknown]

/** @param empty what to say when there is none */
export function printList<T>(
  terminal: Terminal,
  records: T[],
  columns: readonly Column<T>[],
  { json = false, empty }: { json?: boolean | undefined; empty: string },
): void {
  if (json) terminal.print(asJson(records))
  else if (records.length === 0) terminal.note(empty)
  else terminal.print(tableOf(records, columns))
}

export const tableOf = <T>(records: T[], columns: readonly Column<T>[]): string =>
  new TextTable(columns.map(([heading]) => heading)).render(
    records.map((record) => columns.map(([, cell]) => cell(record))),
  )
