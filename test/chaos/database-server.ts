/** The installation's Postgres, of the harness' own, so that it can be down for as long as a fault wants. */
import { readdirSync, readFileSync } from 'node:fs'
import { type Postgres, startPostgres } from '@berth/local/postgres/postgres.ts'
import { signal } from '@berth/local/process/identity.ts'

export class DatabaseServer {
  readonly #dataDir: string
  readonly #port: number
  readonly #settings: Record<string, string>
  #postgres!: Postgres
  #hasEnded = false

  private constructor(dataDir: string, settings: Record<string, string>, postgres: Postgres) {
    this.#dataDir = dataDir
    this.#settings = settings
    this.#port = postgres.port
    this.#run(postgres)
  }

  /** @param settings of the server, on top of ours */
  static async start(dataDir: string, settings: Record<string, string> = {}): Promise<DatabaseServer> {
    const postgres = await startPostgres({ dataDir, settings })
    return new DatabaseServer(dataDir, settings, postgres)
  }

  get url(): string {
    return this.#postgres.url
  }

  /** Of the postmaster. */
  get pid(): number {
    return this.#postgres.pid
  }

  /** A fast shutdown: every connection is cut, what was not committed is rolled back. */
  stop(): Promise<void> {
    return this.#postgres.stop()
  }

  /** Starts it again if it has ended by itself. */
  async ensure(): Promise<void> {
    if (this.#hasEnded) await this.restart()
  }

  /** Only the postmaster: its children notice and end. */
  async kill(): Promise<void> {
    process.kill(this.#postgres.pid, 'SIGKILL')
    await this.#postgres.ended
  }

  /** It hangs: connections stay and new ones are taken by the kernel, but nobody answers. Until `thaw`, or for ever. */
  freeze(): void {
    // The postmaster first: then it starts no others.
    signal(this.#postgres.pid, 'SIGSTOP')
    for (const pid of childrenOf(this.#postgres.pid)) signal(pid, 'SIGSTOP')
  }

  thaw(): void {
    for (const pid of [...childrenOf(this.#postgres.pid), this.#postgres.pid]) signal(pid, 'SIGCONT')
  }

  /** On the same port, recovering what has to be recovered. */
  async restart(): Promise<void> {
    this.#run(await startPostgres({ dataDir: this.#dataDir, port: this.#port, settings: this.#settings }))
  }

  #run(postgres: Postgres): void {
    this.#postgres = postgres
    this.#hasEnded = false
    void postgres.ended.then(() => {
      this.#hasEnded = true
    })
  }
}

/** Linux only: the fourth field of a process's stat, after its name in brackets, is its parent. */
function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Boolean)
  return pids.filter((pid) => {
    try {
      return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]) === parent
    } catch {
      return false // it has just ended
    }
  })
}
