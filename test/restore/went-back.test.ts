/**
 * The database goes back in time under a whole Berth: real processes, the simulator, traffic both ways before, in the time that
 * is lost, and after. Judged from outside. With BERTH_FULL=1 only: it takes minutes.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import { ConfigMapKind } from '@berth/core/model/kind.ts'
import { openOperatorPool } from '@berth/local/database.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judge, violations } from '../chaos/judge.ts'
import { NO_RECORDS } from '../chaos/made-up.ts'
import type { Records } from '../chaos/records.ts'
import { BACK_MS, OwnTrial } from '../chaos/trial.ts'
import { until } from '../chaos/until.ts'

const SESSIONS = 3
const RATES = { in: 10, out: 10 }
const MESSAGES = 30
const MINUTE = 60_000
const NO_VIOLATIONS = violations(judge(NO_RECORDS))
/** What a phone can't read any more is asked for again. */
const HEALED = new Set(['decrypt-failed', 'retry-requested'])

describe.runIf(process.env.BERTH_FULL)('a database that went back in time', () => {
  let trial: OwnTrial
  /** What contacts wrote in a time that was lost, with nobody who remembered it. Unix milliseconds. */
  const forgotten: { from: number; to: number }[] = []

  beforeAll(async () => {
    trial = await OwnTrial.start('restore', SESSIONS)
  }, 5 * MINUTE)

  afterAll(() => trial?.stop(), 3 * MINUTE)

  const sql = async <Row extends object>(text: string): Promise<Row> => {
    const pool = openOperatorPool(trial.installation.berth.databaseUrl)
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
  const keepsake = async () => (await trial.installation.kube.get(ConfigMapKind, KEEPSAKE_NAME))?.data

  const copy = (from: string, to: string) =>
    promisify(execFile)('/bin/sh', ['-c', 'rm -rf "$1" && cp -a "$0" "$1"', from, to])
  const live = () => join(trial.installation.berth.surroundings.postgresDir, 'data')
  const kept = () => join(trial.dataDir, 'snapshot')

  /** Messages both ways, all of them through. */
  const talk = async () => {
    const { traffic } = trial
    const sent = traffic.sent.length
    const written = traffic.written.length
    traffic.start(RATES)
    await until('messages both ways', BACK_MS, async () => {
      return traffic.sent.length >= sent + MESSAGES && traffic.written.length >= written + MESSAGES
    })
    traffic.stop()
    await trial.untilThrough(Date.now())
    traffic.check()
  }

  /** A consistent copy is made; what is talked about then is lost when it is put back. */
  const loseSomeTalk = async (meanwhile: () => Promise<void> = async () => {}) => {
    const { database } = trial.installation.berth
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

  /** Without what was forgotten. */
  const remembered = (records: Records): Records => {
    const written = records.written.filter(({ at }) => !forgotten.some(({ from, to }) => at >= from && at <= to))
    const known = new Set(records.written.filter((one) => !written.includes(one)).map(({ text }) => text))
    return { ...records, written, listed: records.listed.filter(({ text }) => !known.has(text)) }
  }
  const verdict = async () => judge(await trial.listedRecords(remembered))

  test(
    'with its workers alive: they remember what it has lost, and nothing of it is missing',
    async () => {
      await talk()
      const pids = await trial.installation.berth.pids()
      const { before } = await loseSomeTalk()
      await untilRepaired(before.incarnation)
      expect((await epochs()).distrusted).toBe(0)
      await trial.untilConnected()
      await talk()
      expect(violations(await verdict())).toEqual(NO_VIOLATIONS)
      const after = await trial.installation.berth.pids()
      const workers = (all: Record<string, number>) => Object.entries(all).filter(([name]) => name.includes('worker'))
      expect(workers(after)).toEqual(workers(pids))
    },
    6 * MINUTE,
  )

  test(
    'with its workers dead: no key is used twice, no code is scanned, and all talk again',
    async () => {
      const faultsBefore = (await trial.installation.simulator.faults()).length
      const { before, from, to } = await loseSomeTalk(async () => {
        for (const { pid } of await trial.installation.workers()) process.kill(pid, 'SIGKILL')
      })
      forgotten.push({ from, to })
      await untilRepaired(before.incarnation)
      await trial.untilConnected()
      const { distrusted, lowest } = await epochs()
      expect({ distrusted, isNewEpoch: lowest > 1_000_000_000 }).toEqual({ distrusted: 0, isNewEpoch: true })
      await talk()
      const found = await verdict()
      expect(found.faults.filter(({ kind }) => !HEALED.has(kind))).toEqual([])
      expect(violations({ ...found, faults: [] })).toEqual(NO_VIOLATIONS)
      const events = await sql<{ incarnation: number }>('SELECT incarnation FROM database_trust')
      expect(Number((await keepsake())?.incarnation)).toBe(events.incarnation)
      console.log(
        `${(await trial.installation.simulator.faults()).length - faultsBefore} messages had to be asked for again`,
      )
    },
    6 * MINUTE,
  )
})
