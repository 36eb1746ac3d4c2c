/** What `npm run bench` is asked for. */
import { parseArgs } from 'node:util'
import type { PlaceOptions } from './measures/place.ts'
import type { RecoveryOptions } from './measures/recovery.ts'
import type { Rate } from './open-loop.ts'

const WITH_STAGE = ['receive', 'send', 'idle', 'hop', 'ack', 'webhooks', 'expiry'] as const
/** They set up themselves what they need, and are no part of all. */
export const WITHOUT_STAGE = ['place', 'planner', 'recovery', 'moves'] as const
export const BENCHES = [...WITH_STAGE, ...WITHOUT_STAGE]
export type BenchName = (typeof BENCHES)[number]

export interface BenchOptions {
  benches: BenchName[]
  /** Linked sessions of `receive`, `send` and `ack`. */
  sessions: number
  /** For each session. */
  messages: number
  /** Messages that `webhooks` begins with; a multiple of 1000. */
  pile: number
  /** How many linked sessions `idle` looks at, smallest first. */
  idle: number[]
  /** Requests of `hop`, messages of `ack` and `webhooks`. */
  rate: Rate
  /** How many sessions log in during `expiry`, and for how long all cores are busy. */
  expiry: { sessions: number; seconds: number }
  place: PlaceOptions
  recovery: RecoveryOptions
  /** How many sessions there are in `moves`, and for how long all cores are busy. */
  moves: { sessions: number; seconds: number }
  /** Sessions that `planner` plans. */
  planned: number
  /** A folder for CPU profiles of `receive` and `send`; they slow down what they profile. */
  profile?: string
  /** The last line is one JSON object. */
  json: boolean
}

/** Raised for what a person typed wrong; the message says what to type. */
export class UsageError extends Error {}

export const HELP = `npm run bench -- [${BENCHES.join('|')}|all] [options]

Measures one worker process on a real Postgres (fsync and synchronous_commit on), and beside it, in the same run, bare
Baileys with its keys in memory, both against the simulator. Figures are figures: nothing passes or fails.

  receive         a burst, encrypted before and held back, then let go
  send            rows in Postgres (bare: sendMessage), until the server's ack
  idle            process start to all connected, and memory of a linked session that does nothing
  hop             what the gateway adds to a read, at a fixed rate
  ack             a POST to the API until WhatsApp's server has the message, at a fixed rate
  webhooks        a pile of events told to 1, 50 and 1000 endpoints, of which one in a hundred hangs; then from the commit of
                  a message until the receiver has it, at a fixed rate
  expiry          leases that the operator takes for expired, while all sessions log in and all cores are busy
  place           an operator that finds thousands of sessions and no worker; on a real kube-apiserver, with stand-ins for
                  workers. No part of all: builds Kubernetes first, where that was not done yet
  planner         plans for an installation of 100,000 sessions, from cold and after one change; needs nothing else, and is no
                  part of all
  recovery        a whole Berth that loses many sessions at once: a worker, half of everything, all connections, WhatsApp.
                  No part of all: 1000 sessions take some ten minutes of linking
  moves           sessions that are moved although nothing is broken, while all cores are busy twice over. No part of all

  --sessions N    linked sessions of receive, send and ack (50), and of moves (30); sizes of recovery: 50,300,1000
  --messages N    for each of them (40)
  --idle A,B      sizes of idle (100,300); 1000 takes some ten minutes of linking
  --per-second N  requests of hop, messages of ack and webhooks (100)
  --storm N       sessions of expiry (300)
  --storm-seconds S   how long its cores are busy (60)
  --away S        how long WhatsApp is away in recovery (60)
  --tenants N     of place, with two sessions each (5000)
  --planned N     sessions of planner (100000)
  --embedded      place on the embedded Kubernetes API
  --profile DIR   CPU profiles of receive and send into that folder, with a summary; figures are worse meanwhile
  --json          the last line is one JSON object
`

/** 'help': that was asked for. Throws UsageError. */
export function parseOptions(args: string[]): BenchOptions | 'help' {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const sizes = values.sessions === undefined ? [] : list('sessions', values.sessions)
  const stormSeconds = whole('storm-seconds', values['storm-seconds'])
  return {
    benches: positionals.length === 0 ? [...WITH_STAGE] : positionals.flatMap(benchesNamed),
    sessions: sizes[0] ?? 50,
    messages: whole('messages', values.messages),
    pile: 5000,
    idle: list('idle', values.idle),
    rate: { perSecond: whole('per-second', values['per-second']), seconds: 10 },
    expiry: { sessions: whole('storm', values.storm), seconds: stormSeconds },
    recovery: { sizes: sizes.length > 0 ? sizes : [50], awaySeconds: whole('away', values.away) },
    moves: { sessions: sizes[0] ?? 30, seconds: stormSeconds },
    place: {
      tenants: whole('tenants', values.tenants),
      sessionsPerTenant: 2,
      tenantsPerWorker: 50,
      embedded: values.embedded,
    },
    planned: whole('planned', values.planned),
    ...(values.profile ? { profile: values.profile } : {}),
    json: values.json,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        sessions: { type: 'string' },
        away: { type: 'string', default: '60' },
        messages: { type: 'string', default: '40' },
        idle: { type: 'string', default: '100,300' },
        'per-second': { type: 'string', default: '100' },
        storm: { type: 'string', default: '300' },
        'storm-seconds': { type: 'string', default: '60' },
        tenants: { type: 'string', default: '5000' },
        planned: { type: 'string', default: '100000' },
        embedded: { type: 'boolean', default: false },
        profile: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${HELP}`)
  }
}

function benchesNamed(text: string): BenchName | readonly BenchName[] {
  if (text === 'all') return WITH_STAGE
  const name = BENCHES.find((one) => one === text)
  if (name) return name
  throw new UsageError(`There is no bench "${text}", only: ${BENCHES.join(', ')}, all`)
}

function whole(name: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new UsageError(`--${name} must be a whole number from 1, not "${text}"`)
}

/** Smallest first. */
const list = (name: string, text: string): number[] =>
  text
    .split(',')
    .map((size) => whole(name, size))
    .sort((a, b) => a - b)
