/** The sessions of a worker that stops, handed over one by one to whoever asks for them (farewell.ts decides). */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { part } from './farewell.ts'

const POLL_MS = 25

export interface Parting {
  /** Sessions that are held and are not leaving. */
  staying(): string[]
  /** Sessions that other workers wait for. */
  wanted(): Promise<string[]>
  /** One that stays was placed on another pod. */
  isPlacedElsewhere(): boolean
  leave(sessionId: string): Promise<void>
}

/** Resolves when nobody is going to ask for any that stays. */
export async function handOver({ staying, wanted, isPlacedElsewhere, leave }: Parting): Promise<void> {
  const startedAt = performance.now()
  let lastAt = -Infinity
  let hasSign = false
  while (staying().length > 0) {
    const asked = new Set(await wanted().catch(() => [])) // Postgres is away: nobody can ask
    const [held, next] = [staying(), staying().find((id) => asked.has(id))]
    hasSign ||= next !== undefined || isPlacedElsewhere()
    const now = performance.now()
    const times = { elapsedMs: now - startedAt, sinceLastMs: now - lastAt }
    const what = part({ ...times, held: held.length, wanted: next === undefined ? 0 : 1, hasSign })
    if (what === 'all') return
    if (what === 'next' && next !== undefined) {
      lastAt = now
      void leave(next).then(() => failpoint('drain.one-left'))
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
