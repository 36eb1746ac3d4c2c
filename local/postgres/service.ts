/** The embedded Postgres as a service: started again, on the same port, when it ends by itself. */
import { setTimeout as delay } from 'node:timers/promises'
import { PortTaken, type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'

export interface PostgresService {
  url: string
  /** Another one than was asked for, if that was taken meanwhile. */
  port: number
  pid(): number
  /** Stops the server until `resume`, for half a minute at most: who asked may be dead by then. Resolves when it is down. */
  pause(): Promise<void>
  /** Resolves when it takes connections again. */
  resume(): Promise<void>
  stop(): Promise<void>
}

interface Pause {
  over: PromiseWithResolvers<void>
  /** It runs again, or never will. */
  ended: PromiseWithResolvers<void>
  timer: NodeJS.Timeout
}

const MAX_RESTART_MS = 30_000
const MAX_PAUSE_MS = 30_000

export async function startPostgresService(
  given: PostgresOptions & { port: number; log: (line: string) => void },
): Promise<PostgresService> {
  const first = await startPostgres(given).catch((error) => {
    if (!(error instanceof PortTaken)) throw error
    const { port: _, ...anyPort } = given
    return startPostgres(anyPort)
  })
  const options = { ...given, port: first.port }
  let current: Postgres = first
  let pause: Pause | undefined
  const stopping = new AbortController()

  const watch = async (): Promise<void> => {
    for (let waitMs = 0; ; waitMs = Math.min(Math.max(1000, waitMs * 2), MAX_RESTART_MS)) {
      await current.ended
      if (stopping.signal.aborted) return
      if (pause) {
        options.log('postgres is stopped for a moment, as was asked for')
        await pause.over.promise
      } else {
        options.log(`postgres ended; it is started again ${waitMs === 0 ? 'now' : `in ${waitMs / 1000} s`}`)
        await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {})
      }
      if (stopping.signal.aborted) return
      await startPostgres(options).then(
        (started) => {
          current = started
          pause?.ended.resolve()
          pause = undefined
        },
        (error: Error) => options.log(error.message),
      )
    }
  }
  const watching = watch()

  return {
    url: first.url,
    port: first.port,
    pid: () => current.pid,
    async pause() {
      if (pause) return
      const over = Promise.withResolvers<void>()
      pause = { over, ended: Promise.withResolvers(), timer: setTimeout(over.resolve, MAX_PAUSE_MS) }
      await current.stop()
    },
    async resume() {
      if (!pause) return
      clearTimeout(pause.timer)
      pause.over.resolve()
      await pause.ended.promise
    },
    async stop() {
      stopping.abort()
      clearTimeout(pause?.timer)
      pause?.over.resolve()
      pause?.ended.resolve()
      await current.stop()
      await watching
      await current.stop() // one that was just being started
    },
  }
}
