/**
 * The database goes back in time under a whole Berth: real processes, the simulator, traffic both ways before, in the time that
 * is lost, and after. Judged from outside. With BERTH_FULL=1 only: it takes minutes.
 */
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import { ConfigMapKind } from '@berth/core/model/kind.ts'
import { openOperatorPool } from '@berth/local/database.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Arrivals } from '../chaos/arrivals.ts'
import { collect } from '../chaos/collect.ts'
import { Installation } from '../chaos/installation.ts'
import { judge, violations } from '../chaos/judge.ts'
import { OwnBerth } from '../chaos/own-berth.ts'
import { population } from '../chaos/population.ts'
import { Random } from '../chaos/random.ts'
import { ScanWatch } from '../chaos/scan-watch.ts'
import { Traffic } from '../chaos/traffic.ts'
import { until } from '../chaos/until.ts'

const SESSIONS = 3
const RATES = { in: 10, out: 10 }
const MESSAGES = 30
const BACK_MS = 120_000
const MINUTE = 60_000
/** What a phone can't read any more is asked for again. */
const HEALED = new Set(['decrypt-failed', 'retry-requested'])

describe.runIf(process.env.BERTH_FULL)('a database that went back in time', () => {
  let dataDir: string
  let installation: Installation<OwnBerth>
  let traffic: Traffic
  let arrivals: Arrivals
  let scans: ScanWatch
  /** What contacts wrote in a time that was lost, with nobody who remembered it. Unix milliseconds. */
  const forgotten: { from: number; to: number }[] = []

  beforeAll(async () => {
    dataDir = await mkdtemp(join(process.getuid?.() === 0 ? '/var/tmp' : tmpdir(), 'berth-restore-'))
    await chmod(dataDir, 0o711)
    installation = await Installation.start(await OwnBerth.start(dataDir, () => {}), population(SESSIONS))
    traffic = new Traffic(installation, new Random(1))
    arrivals = new Arrivals(installation.simulator, traffic)
    scans = new ScanWatch(installation)
    arrivals.start()
    scans.start()
  }, 3 * MINUTE)

  afterAll(async () => {
    await traffic?.abort()
    await Promise.all([arrivals?.stop(), scans?.stop()])
    await installation?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }, MINUTE)

  const sql = async <Row extends object>(text: string): Promise<Row> => {
    const pool = openOperatorPool(installation.berth.databaseUrl)
    try {
      return (await pool.query(text)).rows[0] as Row
    } finally {
      await pool.end()
    }
  }
  const trust = () =>
    sql<{ doubt: string | null; incarnation: number; mark: number }>(
      'SELECT database_doubt() AS doubt, incarnation, mark FROM database_trust',
    )
  const epochs = () =>
    sql<{ lowest: number; distrusted: number }>(
      'SELECT min(epoch) AS lowest, count(*) FILTER (WHERE distrusted)::int AS distrusted FROM session_owner',
    )
  const keepsake = async () => (await installation.kube.get(ConfigMapKind, KEEPSAKE_NAME))?.data

  const copy = (from: string, to: string) =>
    promisify(execFile)('/bin/sh', ['-c', 'rm -rf "$1" && cp -a "$0" "$1"', from, to])
  const live = () => join(installation.berth.surroundings.postgresDir, 'data')
  const kept = () => join(dataDir, 'snapshot')

  /** Messages both ways, all of them through. */
  const talk = async () => {
    const sent = traffic.sent.length
    const written = traffic.written.length
    traffic.start(RATES)
    await until('messages both ways', BACK_MS, async () => {
      return traffic.sent.length >= sent + MESSAGES && traffic.written.length >= written + MESSAGES
    })
    traffic.stop()
    await until('every message is through', BACK_MS, async () => {
      const missing = arrivals.missing(Date.now())
      if (missing.length > 0) throw new Error(`${missing.length} are missing: ${missing.slice(0, 5).join('; ')}`)
      return true
    })
    traffic.check()
  }

  const allReady = () =>
    until('all sessions are ready', BACK_MS, async () => {
      const missing = await installation.notConnected()
      if (missing.length > 0) throw new Error(missing.join('; '))
      return true
    })

  /** A consistent copy is made; what is talked about then is lost when it is put back. */
  const loseSomeTalk = async (meanwhile: () => Promise<void> = async () => {}) => {
    const { database } = installation.berth
    await database.stop()
    await copy(live(), kept())
    await database.restart()
    await until('the database is trusted again', BACK_MS, async () => (await trust()).doubt === null)
    const from = Date.now()
    const before = await trust()
    await talk()
    await until('the mark has moved on', BACK_MS, async () => Number((await keepsake())?.mark) > before.mark)
    await database.stop()
    await meanwhile()
    await copy(kept(), live())
    await database.restart()
    return { from, to: Date.now(), before }
  }

  const untilRepaired = (incarnation: number) =>
    until('the database is repaired', BACK_MS, async () => {
      const now = await trust()
      return now.incarnation > incarnation && now.doubt === null
    })

  const verdict = async () => {
    const sources = { installation, traffic, arrivals, frozen: [], scansWanted: scans.seen }
    const look = async () => {
      const records = await collect(sources)
      const written = records.written.filter(({ at }) => !forgotten.some(({ from, to }) => at >= from && at <= to))
      const known = new Set(records.written.filter((one) => !written.includes(one)).map(({ text }) => text))
      return judge({ ...records, written, listed: records.listed.filter(({ text }) => !known.has(text)) })
    }
    return until('every message is listed', BACK_MS, async () => {
      const found = await look()
      return found.lost.length === 0 && found
    }).catch(look) // to say what is lost
  }

  test(
    'with its workers alive: they remember what it has lost, and nothing of it is missing',
    async () => {
      await talk()
      const pids = await installation.berth.pids()
      const { before } = await loseSomeTalk()
      await untilRepaired(before.incarnation)
      expect((await epochs()).distrusted).toBe(0)
      await allReady()
      await talk()
      expect(violations(await verdict())).toEqual(violations(CLEAN))
      const after = await installation.berth.pids()
      const workers = (all: Record<string, number>) => Object.entries(all).filter(([name]) => name.includes('worker'))
      expect(workers(after)).toEqual(workers(pids))
    },
    6 * MINUTE,
  )

  test(
    'with its workers dead: no key is used twice, no code is scanned, and all talk again',
    async () => {
      const faultsBefore = (await installation.simulator.faults()).length
      const { before, from, to } = await loseSomeTalk(async () => {
        for (const { pid } of await installation.workers()) process.kill(pid, 'SIGKILL')
      })
      forgotten.push({ from, to })
      await untilRepaired(before.incarnation)
      await allReady()
      const { distrusted, lowest } = await epochs()
      expect({ distrusted, isNewEpoch: lowest > 1_000_000_000 }).toEqual({ distrusted: 0, isNewEpoch: true })
      await talk()
      const found = await verdict()
      expect(found.faults.filter(({ kind }) => !HEALED.has(kind))).toEqual([])
      expect(violations({ ...found, faults: [] })).toEqual(violations(CLEAN))
      const events = await sql<{ incarnation: number }>('SELECT incarnation FROM database_trust')
      expect(Number((await keepsake())?.incarnation)).toBe(events.incarnation)
      console.log(`${(await installation.simulator.faults()).length - faultsBefore} messages had to be asked for again`)
    },
    6 * MINUTE,
  )
})

const CLEAN = {
  sent: 0,
  delivered: 0,
  written: 0,
  received: 0,
  lost: [],
  duplicated: [],
  overlappingOwners: [],
  newQr: [],
  unexpected: [],
  refused: [],
  faults: [],
  resent: 0,
}
