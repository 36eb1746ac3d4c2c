/** What `npm run demo` is asked for. */
import { parseArgs } from 'node:util'

export interface DemoOptions {
  json: boolean
  /** Leaves the data folder behind. */
  keep: boolean
}

/** Raised for what a person typed wrong; the message says what to type. */
export class UsageError extends Error {}

export const HELP = `npm run demo -- [options]

Brings up a Berth of its own beside whatever runs, with three customers on three tiers and linked accounts on the WhatsApp
simulator. Messages flow both ways without a pause; meanwhile one part after another is killed, stopped and drained. In the
end everything is counted from outside: on the phones, by the API. Takes about a minute, needs nothing and leaves nothing.

  --json    the last line is one JSON object: sent, delivered, received, lost, duplicated, qrAfterFailover, failoverMs
  --keep    leave the data folder with all logs behind (a failed demo leaves it anyway)

Exits with 1 unless nothing was lost, nothing came twice and nobody had to scan a code again.
`

/** 'help': that was asked for. Throws UsageError. */
export function parseOptions(args: string[]): DemoOptions | 'help' {
  try {
    const { values } = parseArgs({
      args,
      options: {
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values.help ? 'help' : { json: values.json, keep: values.keep }
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See npm run demo -- --help`)
  }
}
