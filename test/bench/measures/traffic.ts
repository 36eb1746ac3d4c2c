/** A burst one way or the other over linked sessions: its rate, and what it cost. */
import { until } from '../../chaos/until.ts'
import { each } from '../each.ts'
import type { Profile } from '../profile/profiler.ts'
import { type Commits, commitsBetween } from '../sides/metrics.ts'
import type { Lag, Side } from '../sides/side.ts'
import { WorkerSide } from '../sides/worker.ts'
import type { Account, Stage } from '../stage.ts'
import { cpuMs, postgresCpuMs } from '../usage.ts'

export interface Traffic {
  side: Side['name']
  messages: number
  perSecond: number
  /** CPU per message in ms: of the process itself, of Postgres, of the simulator. */
  cpu: { process: number; postgres: number; simulator: number }
  lag: Lag
  commits?: Commits
  profile?: Profile
}

const SENT_AT_ONCE = 8
const TIMEOUT_MS = 300_000
/** Held back for longer, Baileys takes the connection for dead. */
const MAX_HELD_MS = 15_000

/** Each contact writes so many messages; all are encrypted and on their way before the first one is let through. */
export async function receive(stage: Stage, side: Side, accounts: Account[], perAccount: number): Promise<Traffic> {
  const before = await side.received()
  const expected = before + accounts.length * perAccount
  stage.relay.hold()
  const heldAt = performance.now()
  await writeTo(stage, accounts, perAccount)
  if (performance.now() - heldAt > MAX_HELD_MS) throw new Error('The burst took too long to prepare: ask for less.')
  return measure(stage, side, expected - before, async () => {
    stage.relay.release()
    await until('all messages are taken in', TIMEOUT_MS, async () => (await side.received()) >= expected)
  })
}

export const send = (stage: Stage, side: Side, accounts: Account[], perAccount: number): Promise<Traffic> =>
  measure(stage, side, accounts.length * perAccount, () => side.send(perAccount))

/**
 * Both sides of every chat write, so that what is measured later finds sessions of Signal as they are in daily life, and code
 * that has been compiled.
 */
export async function warmUp(stage: Stage, side: Side, accounts: Account[], perAccount: number): Promise<void> {
  await writeTo(stage, accounts, perAccount)
  const expected = accounts.length * perAccount
  await until('the first messages', TIMEOUT_MS, async () => (await side.received()) >= expected)
  await side.send(perAccount)
  await settled(stage)
}

function writeTo({ simulator }: Stage, accounts: Account[], perAccount: number): Promise<void> {
  const texts = Array.from({ length: perAccount }, (_, i) => `message ${i} ${'x'.repeat(60)}`)
  // Per chat in order, as a person writes.
  return each(accounts, SENT_AT_ONCE, async ({ number, contact }) => {
    for (const text of texts) await simulator.sendText(contact, number, text)
  })
}

/** The rate is the ledger's, from the beginning to the last message; the cost is counted until nothing is under way. */
async function measure(stage: Stage, side: Side, messages: number, burst: () => Promise<void>): Promise<Traffic> {
  const worker = side instanceof WorkerSide ? side : undefined
  const seq = await lastSeq(stage)
  await side.lag()
  const metrics = await worker?.metrics()
  const used = () => [cpuMs(side.pid), postgresCpuMs(stage.postgres.pid), cpuMs(stage.simulatorPid)] as const
  const before = used()
  const startedAt = Date.now()
  const run = async () => {
    await burst()
    await settled(stage)
  }
  const profile = await (stage.profiler?.during(side.pid, run) ?? run())
  const after = used()
  const lag = await side.lag()
  const endedAt = await lastMessageAt(stage, seq)
  const [process, postgres, simulator] = after.map((ms, i) => (ms - before[i]!) / messages) as [number, number, number]
  return {
    side: side.name,
    messages,
    perSecond: (messages / (endedAt - startedAt)) * 1000,
    cpu: { process, postgres, simulator },
    lag,
    ...(worker && metrics && { commits: commitsBetween(metrics, await worker.metrics()) }),
    ...(profile && { profile }),
  }
}

/** Nothing waits for a device's answer any more: receipts too, which cost both sides the same. */
const settled = (stage: Stage): Promise<unknown> =>
  until('all is acknowledged', TIMEOUT_MS, async () => (await stage.simulator.stats()).queued === 0)

async function lastSeq(stage: Stage): Promise<number> {
  let seq = 0
  for await (const entry of entriesAfter(stage, 0)) seq = entry.seq
  return seq
}

/** When the last message was acknowledged by the device, or accepted from it. */
async function lastMessageAt(stage: Stage, seq: number): Promise<number> {
  let at = 0
  for await (const { direction, event, at: then } of entriesAfter(stage, seq)) {
    const ends = direction === 'to-device' ? event === 'delivered' : event === 'submitted'
    if (ends) at = Math.max(at, then)
  }
  return at
}

async function* entriesAfter({ simulator }: Stage, seq: number) {
  for (let after = seq; ; ) {
    const page = await simulator.ledger({ after, limit: 10_000 })
    yield* page
    if (page.length === 0) return
    after = page.at(-1)!.seq
  }
}
