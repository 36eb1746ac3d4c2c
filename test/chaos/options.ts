/** What `npm run chaos` is asked for. */
import { parseArgs } from 'node:util'
import { AT_RANDOM, type Step } from '../cluster/steps/all.ts'
import { FAULT_NAMES, type FaultName, missingHere } from './faults/all.ts'
import type { Rates } from './traffic.ts'

export interface ChaosOptions {
  rounds: number
  sessions: number
  /** Messages per second over all sessions. */
  rates: Rates
  seed: number
  /** Of a Berth of local processes. */
  faults: FaultName[]
  /** On a real cluster instead: what is done there. */
  cluster?: Step[]
  /** Faults that were not chosen because they can't be caused on this machine, and why. */
  skipped: Partial<Record<FaultName, string>>
  /** The last line is one JSON object. */
  json: boolean
  /** Leaves the data folder behind. */
  keep: boolean
}

/** Raised for what a person typed wrong; the message says what to type. */
export class UsageError extends Error {}

export const HELP = `npm run chaos -- [options]

Breaks a whole Berth of its own in random ways, under traffic both ways, and counts what was lost, doubled, held by two
owners or had to be linked anew, and what webhooks did not tell, told as two events or out of order. Exits with 1 unless all
of these are zero.

  --rounds N      how many faults, one after the other (20)
  --sessions N    linked accounts, over all tiers (12)
  --in N          messages per second that contacts write (30)
  --out N         messages per second that customers send (20)
  --seed N        the same seed, the same faults in the same order (1)
  --faults A,B    only these: ${FAULT_NAMES.join(', ')}
  --cluster       to a Berth on a real Kubernetes (npm run cluster:up; Linux, root): 10 sessions, 5 messages in and 4 out
                  a second; --faults: ${AT_RANDOM.map(({ name }) => name).join(', ')}
  --json          the last line is one JSON object
  --keep          leave the data folder with all logs behind (a failed run leaves it anyway)
`

const LOCALLY = { sessions: '12', in: '30', out: '20' }
/** The machine has a whole cluster to carry, too. */
const ON_CLUSTER = { sessions: '10', in: '5', out: '4' }
const NO_FAULTS = { faults: [], skipped: {} }

/** 'help': that was asked for. Throws UsageError. */
export function parseOptions(args: string[]): ChaosOptions | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const usual = values.cluster ? ON_CLUSTER : LOCALLY
  return {
    rounds: whole('rounds', values.rounds, 1),
    sessions: whole('sessions', values.sessions ?? usual.sessions, 1),
    rates: { in: whole('in', values.in ?? usual.in, 0), out: whole('out', values.out ?? usual.out, 0) },
    seed: whole('seed', values.seed, 0),
    ...(values.cluster ? { ...NO_FAULTS, cluster: stepsNamed(values.faults) } : faultsOf(values.faults)),
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
        sessions: { type: 'string' },
        in: { type: 'string' },
        out: { type: 'string' },
        seed: { type: 'string', default: '1' },
        faults: { type: 'string' },
        cluster: { type: 'boolean', default: false },
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

/** Without names, all that can be caused here. */
function faultsOf(names: string | undefined): Pick<ChaosOptions, 'faults' | 'skipped'> {
  const missing = missingHere()
  if (names === undefined) return { faults: FAULT_NAMES.filter((name) => !missing[name]), skipped: missing }
  const faults = names.split(',').map((name) => oneOf(FAULT_NAMES, name))
  const impossible = faults.find((name) => missing[name])
  if (impossible) throw new UsageError(`The fault ${impossible} can't be caused here: ${missing[impossible]}.`)
  return { faults, skipped: {} }
}

function stepsNamed(names: string | undefined): Step[] {
  const known = AT_RANDOM.map(({ name }) => name)
  const chosen = names === undefined ? known : names.split(',').map((name) => oneOf(known, name))
  return AT_RANDOM.filter(({ name }) => chosen.includes(name))
}

function oneOf<Name extends string>(known: readonly Name[], name: string): Name {
  const found = known.find((one) => one === name)
  if (found === undefined) throw new UsageError(`There is no fault ${name}. Choose from ${known.join(', ')}.`)
  return found
}
