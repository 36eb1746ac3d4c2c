/**
 * False moves: a whole Berth under traffic, while processes of somebody else want all cores, twice. Nothing is broken, so
 * that each session that is moved, each worker that is taken for dead and each connection that is lost is one too many.
 */
import { rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { openOperatorPool } from '@berth/local/database.ts'
import { connectionsOf } from '../../chaos/collect.ts'
import { Installation } from '../../chaos/installation.ts'
import { OwnBerth } from '../../chaos/own-berth.ts'
import { population } from '../../chaos/population.ts'
import { Random } from '../../chaos/random.ts'
import { Traffic } from '../../chaos/traffic.ts'
import { scratchFolder } from '../../scratch.ts'
import { Child } from '../child.ts'

export interface Moves {
  sessions: number
  workers: number
  seconds: number
  /** Processes that did nothing but compute. */
  busy: number
  /** Placements that were changed, boots that were revoked, connections that ended. 0 is right. */
  moved: number
  revoked: number
  disconnected: number
  /** Messages begun meanwhile, both ways. */
  messages: number
}

const RATES = { in: 5, out: 5 }
const BUSY_PER_CORE = 2
const SEED = 1

export async function moves(
  { sessions, seconds }: { sessions: number; seconds: number },
  tell: (line: string) => void,
): Promise<Moves> {
  const dataDir = await scratchFolder('bench')
  tell(`linking ${sessions} sessions on several workers`)
  const berth = await OwnBerth.start(dataDir, () => {})
  const installation = await Installation.start(berth, population(sessions))
  const traffic = new Traffic(installation, new Random(SEED))
  const pool = openOperatorPool(berth.databaseUrl)
  const revocations = async () =>
    (await pool.query('SELECT count(*)::int AS count FROM worker_lease WHERE revoked_at IS NOT NULL')).rows[0].count
  try {
    traffic.start(RATES)
    const before = { placed: await generations(installation), revoked: await revocations(), at: Date.now() }
    const busy = BUSY_PER_CORE * availableParallelism()
    tell(`${busy} busy processes for ${seconds} s`)
    const burners = Array.from({ length: busy }, () => new Child('-e', { args: ['for (;;);'] }))
    await delay(seconds * 1_000)
    await Promise.all(burners.map((burner) => burner.stop()))
    const placed = await generations(installation)
    const connections = await connectionsOf(installation.simulator)
    return {
      sessions,
      workers: (await installation.workers()).length,
      seconds,
      busy,
      moved: [...placed].filter(([number, generation]) => before.placed.get(number) !== generation).length,
      revoked: (await revocations()) - before.revoked,
      disconnected: connections.filter(({ closedAt }) => closedAt !== null && closedAt >= before.at).length,
      messages: [...traffic.sent, ...traffic.written].filter(({ at }) => at >= before.at).length,
    }
  } finally {
    await traffic.abort()
    await pool.end()
    await installation.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** Of each account's placement. */
async function generations(installation: Installation): Promise<Map<string, number | undefined>> {
  const sessions = [...(await installation.sessions())]
  return new Map(sessions.map(([number, { status }]) => [number, status?.placement?.generation]))
}
