/** The embedded Postgres as a service: started again, on the same port, when it ends by itself. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'

export interface PostgresService {
  url: string
  pid(): number
  stop(): Promise<void>
}

const MAX_RESTART_MS = 30_000

export async function startPostgresService(
  options: PostgresOptions & { port: number; log: (line: string) => void },
): Promise<PostgresService> {
  const first = await startPostgres(options)
  let current: Postgres = first
  const stopping = new AbortController()
  const watch = async (): Promise<void> => {
    for (let waitMs = 0; ; waitMs = Math.min(Math.max(1000, waitMs * 2), MAX_RESTART_MS)) {
      await current.ended
      if (stopping.signal.aborted) return
      options.log(`postgres ended; it is started again ${waitMs === 0 ? 'now' : `in ${waitMs / 1000} s`}`)
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
      current = await startPostgres(options).catch((error: Error) => {
        options.log(error.message)
        return current
      })
    }
  }
  const watching = watch()
  return {
    url: first.url,
    pid: () => current.pid,
    async stop() {
      stopping.abort()
      await current.stop()
      await watching
      await current.stop() // one that was just being started
    },
  }
}
