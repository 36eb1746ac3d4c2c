/** What `npm run chaos` is asked for. */
import { parseArgs } from 'node:util'
import { FAULT_NAMES, type FaultName } from './faults/all.ts'
import type { Rates } from './traffic.ts'

export interface ChaosOptions {
  rounds: number
  sessions: number
  /** Messages per second over all sessions. */
  rates: Rates
  seed: number
  faults: FaultName[]
  /** The last line is one JSON object. */
  json: boolean
  /** Leaves the data folder behind. */
  keep: boolean
}

/** Raised for what a person typed wrong; the message says what to type. */
export class UsageError extends Error {}

export const HELP = `npm run chaos -- [options]

Breaks a whole Berth of its own in random ways, under traffic both ways, and counts what was lost, doubled, held by two
owners or had to be linked anew. Exits with 1 unless all of these are zero.

  --rounds N      how many faults, one after the other (20)
  --sessions N    linked accounts, over all tiers (12)
  --in N          messages per second that contacts write (30)
  --out N         messages per second that customers send (20)
  --seed N        the same seed, the same faults in the same order (1)
  --faults A,B    only these: ${FAULT_NAMES.join(', ')}
  --json          the last line is one JSON object
  --keep          leave the data folder with all logs behind (a failed run leaves it anyway)
`

/** 'help': that was asked for. Throws UsageError. */
export function parseOptions(args: string[]): ChaosOptions | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  return {
    rounds: whole('rounds', values.rounds, 1),
    sessions: whole('sessions', values.sessions, 1),
    rates: { in: whole('in', values.in, 0), out: whole('out', values.out, 0) },
    seed: whole('seed', values.seed, 0),
    faults: values.faults === undefined ? FAULT_NAMES : values.faults.split(',').map(faultName),
    json: values.json,
    keep: values.keep,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        rounds: { type: 'string', default: '20' },
        sessions: { type: 'string', default: '12' },
        in: { type: 'string', default: '30' },
        out: { type: 'string', default: '20' },
        seed: { type: 'string', default: '1' },
        faults: { type: 'string' },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See npm run chaos -- --help`)
  }
}

function whole(name: string, text: string, least: number): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`--${name} is a whole number from ${least} on, not ${text}.`)
  }
  return value
}

function faultName(name: string): FaultName {
  const found = FAULT_NAMES.find((known) => known === name)
  if (!found) throw new UsageError(`There is no fault ${name}. Choose from ${FAULT_NAMES.join(', ')}.`)
  return found
}
