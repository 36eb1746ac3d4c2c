/**
 * Postgres is stopped under traffic both ways: everything freezes, and goes on where it was. Seen from outside only. For
 * five seconds, thirty, and five minutes. And it hangs: nothing is cut, nothing is answered. Runs with BERTH_FULL=1.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectionsOf } from '../chaos/collect.ts'
import { ACTS, isClean, judge } from '../chaos/judge.ts'
import { proveJudge } from '../chaos/proof.ts'
import { BACK_MS, OwnTrial } from '../chaos/trial.ts'
import { until } from '../chaos/until.ts'

type Kind = 'stopped' | 'hanging'
const OUTAGES: { kind: Kind; seconds: number }[] = [
  { kind: 'stopped', seconds: 5 },
  { kind: 'stopped', seconds: 30 },
  { kind: 'stopped', seconds: 300 },
  { kind: 'hanging', seconds: 5 },
  { kind: 'hanging', seconds: 30 },
]
const SESSIONS = 4
const IN_PER_SECOND = 10
/** Customers repeat what is not accepted several times a second: with more of them, they would be what is measured. */
const WAITING_POSTS = 40
/**
 * What was committed when Postgres stopped may still be told: its answer is on the way to the worker, and from there a
 * receipt or a stanza to WhatsApp. Some turns of event loops; on a busy machine they take a while.
 */
const GRACE_MS = 2_000
const MINUTE = 60_000

describe.skipIf(!process.env.BERTH_FULL)('Postgres away', () => {
  let trial: OwnTrial

  beforeAll(async () => {
    trial = await OwnTrial.start('outage', SESSIONS)
  }, 5 * MINUTE)

  afterAll(async () => {
    if (trial) database().thaw() // a failed case leaves it as it was
    await trial?.stop()
  }, 3 * MINUTE)

  /** Where every session is, and which processes run: a new boot would be another process. */
  const places = async () => ({
    placements: Object.fromEntries(
      [...(await trial.installation.sessions())].map(([number, { status }]) => [number, status?.placement]),
    ),
    workers: (await trial.installation.workers()).map(({ name, pid, restarts }) => ({ name, pid, restarts })),
  })
  const logins = async () =>
    (await connectionsOf(trial.installation.simulator)).filter(({ loginAt }) => loginAt !== null)

  /** What a customer is told. */
  const answerToPost = () => {
    const { installation } = trial
    const [account] = installation.accounts as [(typeof installation.accounts)[number]]
    return installation.clientOf(account).send(account.session, account.contacts[0]!, 'x', crypto.randomUUID())
  }

  const database = () => trial.installation.berth.database
  const ways: Record<Kind, { begin: () => Promise<void>; end: () => Promise<void> }> = {
    stopped: { begin: () => database().stop(), end: () => database().restart() },
    hanging: { begin: async () => database().freeze(), end: async () => database().thaw() },
  }

  test.each(OUTAGES)(
    '$kind for $seconds s: no receipt, no send, no reconnect, no move; then everything, once',
    async ({ kind, seconds }) => {
      const { traffic, arrivals } = trial
      const outage = ways[kind]
      const rates = { in: IN_PER_SECOND, out: Math.min(IN_PER_SECOND, WAITING_POSTS / seconds) }
      const begun = { sent: traffic.sent.length, written: traffic.written.length }
      traffic.start(rates)
      await until('traffic flows', BACK_MS, async () => traffic.written.length > begun.written + 2 * IN_PER_SECOND)
      await trial.untilThrough(Date.now())
      const before = { places: await places(), logins: await logins() }

      await outage.begin()
      const from = Date.now() + GRACE_MS
      await delay(GRACE_MS)
      const [refused] = await Promise.all([answerToPost(), delay(seconds * 1000)])
      const to = Date.now()
      await outage.end()

      await trial.untilThrough(to)
      await trial.untilConnected()
      traffic.stop()
      await trial.untilThrough(Date.now())
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

      const records = await trial.listedRecords()
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
