/** One run: the benches that were asked for, both sides one after the other on the same stage. */
import { type Ack, ack } from './measures/ack.ts'
import { type Expiry, expiry } from './measures/expiry.ts'
import { type Hop, hop } from './measures/hop.ts'
import { type Idle, idle } from './measures/idle.ts'
import { type Moves, moves } from './measures/moves.ts'
import { type Place, place } from './measures/place.ts'
import { type Planning, planner } from './measures/planner.ts'
import { type Recovery, recovery } from './measures/recovery.ts'
import { receive, send, type Traffic, warmUp } from './measures/traffic.ts'
import { type Webhooks, webhooks } from './measures/webhooks.ts'
import { BENCHES, type BenchOptions, WITHOUT_STAGE } from './options.ts'
import { BareSide } from './sides/bare.ts'
import type { Side } from './sides/side.ts'
import { WorkerSide } from './sides/worker.ts'
import { Stage } from './stage.ts'

export interface BenchResult {
  receive: Traffic[]
  send: Traffic[]
  idle: Idle[]
  hop: Hop[]
  ack: Ack[]
  webhooks: Webhooks[]
  expiry: Expiry[]
  place: Place[]
  planner: Planning[]
  recovery: Recovery[]
  moves: Moves[]
}

/** Of each session, both ways. */
const WARM_UP_MESSAGES = 10

export async function runBench(options: BenchOptions, tell: (line: string) => void): Promise<BenchResult> {
  const result = Object.fromEntries(BENCHES.map((name) => [name, []])) as unknown as BenchResult
  const wants = (...names: BenchOptions['benches']) => names.some((name) => options.benches.includes(name))
  if (wants('place')) result.place = [await place(options.place, tell)]
  if (wants('planner')) result.planner = planner(options.planned, tell)
  if (wants('recovery')) result.recovery = await recovery(options.recovery, tell)
  if (wants('moves')) result.moves = [await moves(options.moves, tell)]
  if (options.benches.every((name) => (WITHOUT_STAGE as readonly string[]).includes(name))) return result
  const stage = await Stage.start(options.profile)
  try {
    if (wants('receive', 'send')) {
      for (const Kind of [BareSide, WorkerSide]) {
        tell(`linking ${options.sessions} sessions: ${Kind === BareSide ? 'bare Baileys' : 'worker'}`)
        await measureTraffic(stage, await Kind.start(stage), options, result)
      }
    }
    if (wants('hop')) result.hop = await hop(stage, options.rate)
    if (wants('ack')) {
      tell(`linking ${options.sessions} sessions: ack`)
      result.ack = [await ack(stage, options.sessions, options.rate)]
    }
    if (wants('webhooks')) result.webhooks = await webhooks(stage, options.pile, options.rate, tell)
    if (wants('idle')) result.idle = await idle(stage, options.idle, tell)
    if (wants('expiry')) result.expiry = [await expiry(stage, options.expiry, tell)]
  } finally {
    await stage.close()
  }
  return result
}

async function measureTraffic(stage: Stage, side: Side, options: BenchOptions, result: BenchResult): Promise<void> {
  const accounts = await stage.addAccounts(options.sessions)
  await side.link(accounts)
  await warmUp(stage, side, accounts, Math.min(options.messages, WARM_UP_MESSAGES))
  for (const [name, measure] of [['receive', receive] as const, ['send', send] as const]) {
    if (options.benches.includes(name)) result[name].push(await measure(stage, side, accounts, options.messages))
  }
  await side.stop()
}
