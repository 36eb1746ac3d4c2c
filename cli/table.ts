/** Rows of text under headings, in columns as wide as they need. Pure. */
import type { Table, TableRow } from '@berth/core/kube/table.ts'

const GAP = '   '

/** Remembers how wide the columns are, so that rows that come later (a watch) stay below their headings. */
export class TextTable {
  readonly #headings: string[]
  readonly #widths: number[]

  constructor(headings: string[]) {
    this.#headings = headings.map((heading) => heading.toUpperCase())
    this.#widths = this.#headings.map((heading) => heading.length)
  }

  heading(): string {
    return this.#line(this.#headings)
  }

  /** Lines for these rows; columns grow where a cell needs it. */
  lines(rows: unknown[][]): string[] {
    const texts = rows.map((cells) => this.#headings.map((_, column) => cellText(cells[column])))
    for (const cells of texts) {
      for (const [column, cell] of cells.entries()) this.#widths[column] = Math.max(this.#widths[column]!, cell.length)
    }
    return texts.map((cells) => this.#line(cells))
  }

  /** Headings and rows. */
  render(rows: unknown[][]): string {
    const lines = this.lines(rows)
    return [this.heading(), ...lines].join('\n')
  }

  #line(cells: string[]): string {
    return cells
      .map((cell, column) => cell.padEnd(this.#widths[column]!))
      .join(GAP)
      .trimEnd()
  }
}

/** The columns of a server's table to show: their headings, and how to take their cells out of a row. */
export function columnsOf(table: Table, isWide: boolean): { headings: string[]; cellsOf(row: TableRow): unknown[] } {
  const shown = (table.columnDefinitions ?? []).flatMap(({ name, priority }, index) =>
    isWide || priority === 0 ? [{ name, index }] : [],
  )
  return {
    headings: shown.map(({ name }) => name),
    cellsOf: ({ cells }) => shown.map(({ index }) => cells[index]),
  }
}

/** One line without control characters: what others wrote must not command the terminal. */
const cellText = (cell: unknown): string => (cell === null || cell === undefined ? '' : plain(String(cell)))

export const plain = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ')
