/** What `npm run test:cluster` is asked for. */
import { parseArgs } from 'node:util'
import { UsageError } from '../chaos/options.ts'
import { STEPS, type Step } from './steps/all.ts'

export interface Options {
  sessions: number
  steps: Step[]
  /** Leaves everything running until Ctrl-C. */
  keep: boolean
}

const NAMES = STEPS.map(({ name }) => name)

export const HELP = `npm run test:cluster -- [options]

Installs Berth with Helm on a real Kubernetes on this machine (npm run cluster:up), links accounts, lets messages flow both
ways, and does one thing after the other to it. After each: nothing may be lost, doubled, held by two owners or linked anew.

  --steps A,B     only these, in this order: ${NAMES.join(', ')}
  --sessions N    linked accounts, over all tiers (10)
  --keep          when it is done, leave all as it is for a look, until Ctrl-C
`

/** 'help': that was asked for. Throws UsageError. */
export function parseOptions(args: string[]): Options | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const sessions = Number(values.sessions)
  if (!Number.isSafeInteger(sessions) || sessions < 3) {
    throw new UsageError(`--sessions is a whole number from 3 on, not ${values.sessions}.`)
  }
  return { sessions, steps: values.steps?.split(',').map(stepNamed) ?? STEPS, keep: values.keep }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        sessions: { type: 'string', default: '10' },
        steps: { type: 'string' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See npm run test:cluster -- --help`)
  }
}

function stepNamed(name: string): Step {
  const found = STEPS.find((step) => step.name === name)
  if (!found) throw new UsageError(`There is no step ${name}. Choose from ${NAMES.join(', ')}.`)
  return found
}
