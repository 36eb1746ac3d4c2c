/** The installation's Postgres, of the harness' own, so that it can be down for as long as a fault wants. */

import { freePort } from '@berth/local/ports.ts'
import { type Postgres, startPostgres } from '@berth/local/postgres/postgres.ts'

export class DatabaseServer {
  readonly #dataDir: string
  readonly #port: number
  #postgres: Postgres

  private constructor(dataDir: string, port: number, postgres: Postgres) {
    this.#dataDir = dataDir
    this.#port = port
    this.#postgres = postgres
  }

  static async start(dataDir: string): Promise<DatabaseServer> {
    const port = await freePort()
    return new DatabaseServer(dataDir, port, await startPostgres({ dataDir, port }))
  }

  get url(): string {
    return this.#postgres.url
  }

  /** A fast shutdown: every connection is cut, what was not committed is rolled back. */
  stop(): Promise<void> {
    return this.#postgres.stop()
  }

  /** Only the postmaster: its children notice and end. */
  async kill(): Promise<void> {
    process.kill(this.#postgres.pid, 'SIGKILL')
    await this.#postgres.ended
  }

  /** On the same port, recovering what has to be recovered. */
  async restart(): Promise<void> {
    this.#postgres = await startPostgres({ dataDir: this.#dataDir, port: this.#port })
  }
}
