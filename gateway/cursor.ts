/** Cursors: where the next page starts, in a form that nobody is tempted to take apart. */
import { Problem } from './problems/problem.ts'

export const encodeCursor = (position: string): string => Buffer.from(position).toString('base64url')

/** Throws Problem validation_failed for anything that encodeCursor did not make of a position like `form`. */
export function decodeCursor(cursor: string, form: RegExp): string {
  const position = Buffer.from(cursor, 'base64url').toString()
  if (form.test(position) && encodeCursor(position) === cursor) return position
  throw new Problem('validation_failed', {
    errors: [{ field: 'query.cursor', message: 'Pass the nextCursor of the page before, unchanged' }],
  })
}

/** The page's rows and the cursor of the next one; ask for one row more than `limit` to know whether there is one. */
export function page<Row, Item>(rows: Row[], limit: number, item: (row: Row) => Item, position: (row: Row) => string) {
  const shown = rows.slice(0, limit)
  const nextCursor = rows.length > limit ? encodeCursor(position(shown.at(-1)!)) : null
  return { data: shown.map(item), nextCursor }
}
