/** A database of the shared server that can be put back to what it was: a real copy, made anew in the same server. */
import { runAsOwner } from '@berth/core/postgres/owner.ts'

export class Restorable {
  readonly #server: string
  readonly #name: string
  readonly #copy: string

  constructor(url: string) {
    const server = new URL(url)
    this.#name = server.pathname.slice(1)
    this.#copy = `${this.#name}_kept`
    server.pathname = 'postgres'
    this.#server = server.href
  }

  /** Connections are cut, as a copy needs the database for itself; they come back. */
  async keep(): Promise<void> {
    await this.#closed(`CREATE DATABASE ${this.#copy} TEMPLATE ${this.#name}`)
    await runAsOwner(this.#server, `ALTER DATABASE ${this.#name} ALLOW_CONNECTIONS true`)
  }

  /** What was written since is lost. Once. */
  async putBack(): Promise<void> {
    await this.#closed(
      `DROP DATABASE ${this.#name} WITH (FORCE)`,
      `ALTER DATABASE ${this.#copy} RENAME TO ${this.#name}`,
    )
  }

  #closed(...statements: string[]): Promise<void> {
    return runAsOwner(
      this.#server,
      `ALTER DATABASE ${this.#name} ALLOW_CONNECTIONS false`,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${this.#name}'`,
      ...statements,
    )
  }
}
