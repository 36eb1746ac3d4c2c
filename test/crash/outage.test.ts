/**
 * Postgres is stopped under traffic both ways: everything freezes, and goes on where it was. Seen from outside only. For
 * five seconds; with BERTH_FULL=1 for thirty, and for five minutes, too. And it hangs: nothing is cut, nothing is answered.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Arrivals } from '../chaos/arrivals.ts'
import { collect, connectionsOf } from '../chaos/collect.ts'
import { Installation } from '../chaos/installation.ts'
import { ACTS, isClean, judge } from '../chaos/judge.ts'
import { OwnBerth } from '../chaos/own-berth.ts'
import { population } from '../chaos/population.ts'
import { proveJudge } from '../chaos/proof.ts'
import { Random } from '../chaos/random.ts'
import { ScanWatch } from '../chaos/scan-watch.ts'
import { Traffic } from '../chaos/traffic.ts'
import { until } from '../chaos/until.ts'

type Kind = 'stopped' | 'hanging'
const STOPPED_5_S = { kind: 'stopped' as Kind, seconds: 5 }
const OUTAGES = process.env.BERTH_FULL
  ? [
      STOPPED_5_S,
      { kind: 'stopped' as Kind, seconds: 30 },
      { kind: 'stopped' as Kind, seconds: 300 },
      { kind: 'hanging' as Kind, seconds: 5 },
      { kind: 'hanging' as Kind, seconds: 30 },
    ]
  : [STOPPED_5_S]
const SESSIONS = 4
const IN_PER_SECOND = 10
/** Customers repeat what is not accepted several times a second: with more of them, they would be what is measured. */
const WAITING_POSTS = 40
/**
 * What was committed when Postgres stopped may still be told: its answer is on the way to the worker, and from there a
 * receipt or a stanza to WhatsApp. Some turns of event loops; on a busy machine they take a while.
 */
const GRACE_MS = 2_000
const BACK_MS = 120_000
const MINUTE = 60_000

describe('Postgres away', () => {
  let dataDir: string
  let installation: Installation<OwnBerth>
  let traffic: Traffic
  let arrivals: Arrivals
  let scans: ScanWatch

  beforeAll(async () => {
    dataDir = await mkdtemp(join(process.getuid?.() === 0 ? '/var/tmp' : tmpdir(), 'berth-outage-'))
    await chmod(dataDir, 0o711)
    installation = await Installation.start(await OwnBerth.start(dataDir, () => {}), population(SESSIONS))
    traffic = new Traffic(installation, new Random(1))
    arrivals = new Arrivals(installation.simulator, traffic)
    scans = new ScanWatch(installation)
    arrivals.start()
    scans.start()
  }, 3 * MINUTE)

  afterAll(async () => {
    installation?.berth.database.thaw() // a failed case leaves it as it was
    await traffic?.abort()
    await Promise.all([arrivals?.stop(), scans?.stop()])
    await installation?.stop()
    await rm(dataDir, { recursive: true, force: true })
  }, MINUTE)

  /** Until everything that was begun by then is on a phone, or acknowledged to WhatsApp. */
  const untilThrough = (begunUntil: number) =>
    until('every message is through', BACK_MS, async () => {
      const missing = arrivals.missing(begunUntil)
      if (missing.length > 0) throw new Error(`${missing.length} are missing: ${missing.slice(0, 5).join('; ')}`)
      return true
    })

  /** Where every session is, and which processes run: a new boot would be another process. */
  const places = async () => ({
    placements: Object.fromEntries(
      [...(await installation.sessions())].map(([number, { status }]) => [number, status?.placement]),
    ),
    workers: (await installation.workers()).map(({ name, pid, restarts }) => ({ name, pid, restarts })),
  })
  const logins = async () => (await connectionsOf(installation.simulator)).filter(({ loginAt }) => loginAt !== null)

  /** What a customer is told. */
  const answerToPost = () => {
    const [account] = installation.accounts as [(typeof installation.accounts)[number]]
    return installation.clientOf(account).send(account.session, account.contacts[0]!, 'x', crypto.randomUUID())
  }

  const ways: Record<Kind, { begin: () => Promise<void>; end: () => Promise<void> }> = {
    stopped: { begin: () => installation.berth.database.stop(), end: () => installation.berth.database.restart() },
    hanging: {
      begin: async () => installation.berth.database.freeze(),
      end: async () => installation.berth.database.thaw(),
    },
  }

  test.each(OUTAGES)(
    '$kind for $seconds s: no receipt, no send, no reconnect, no move; then everything, once',
    async ({ kind, seconds }) => {
      const outage = ways[kind]
      const rates = { in: IN_PER_SECOND, out: Math.min(IN_PER_SECOND, WAITING_POSTS / seconds) }
      const begun = { sent: traffic.sent.length, written: traffic.written.length }
      traffic.start(rates)
      await until('traffic flows', BACK_MS, async () => traffic.written.length > begun.written + 2 * IN_PER_SECOND)
      await untilThrough(Date.now())
      const before = { places: await places(), logins: await logins() }

      await outage.begin()
      const from = Date.now() + GRACE_MS
      await delay(GRACE_MS)
      const [refused] = await Promise.all([answerToPost(), delay(seconds * 1000)])
      const to = Date.now()
      await outage.end()

      await untilThrough(to)
      await until('all sessions are ready', BACK_MS, async () => (await installation.notConnected()).length === 0)
      traffic.stop()
      await untilThrough(Date.now())
      traffic.check()

      const within = ({ at }: { at: number }) => at >= from && at <= to
      const acts = arrivals.ledger.filter(({ direction, event }) => ACTS.has(`${direction} ${event}`))
      expect(acts.filter(within)).toEqual([])
      expect(refused).toMatchObject({ status: 503, body: { code: 'database_unavailable', status: 503 } })
      expect(await logins()).toEqual(before.logins)
      expect(await places()).toEqual(before.places)
      // There was something to be silent about: people wrote, customers sent, and until then both were served.
      expect(traffic.written.filter(within).length).toBeGreaterThan(seconds * IN_PER_SECOND * 0.5)
      expect(traffic.sent.filter(within).length).toBeGreaterThan(0)
      expect(acts.filter(({ at }) => at < from).length).toBeGreaterThan(0)

      const sources = { installation, traffic, arrivals, frozen: [], scansWanted: scans.seen }
      const records = await until('every message is listed', BACK_MS, async () => {
        const found = await collect(sources)
        return judge(found).lost.length === 0 && found
      }).catch(() => collect(sources)) // for the judge to say what is lost
      const verdict = judge(records)
      expect(isClean(verdict), JSON.stringify(verdict, undefined, 2)).toBe(true)
      expect(proveJudge(records, verdict).missed).toEqual([])
      console.log(
        `Postgres ${kind} for ${seconds} s: ${verdict.delivered} delivered and ${verdict.received} received so far`,
      )
    },
    10 * MINUTE,
  )
})
