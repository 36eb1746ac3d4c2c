/** What only the owner of the database does: making and dropping databases. */
import pg from 'pg'

/** Runs statements, one after another and outside a transaction, as the user of the URL. */
export async function runAsOwner(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'berth-owner' })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}
