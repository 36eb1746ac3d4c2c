/** What `npm run demo` is asked for. */
import { parseArgs } from 'node:util'

export interface DemoOptions {
  json: boolean
  /** Leaves the data folder behind. */
  keep: boolean
  /** In which Berth; undefined: ask, where there is one to choose and somebody to ask. */
  where?: 'running' | 'temporary'
}

/** Raised for what a person typed wrong; the message says what to type. */
export class UsageError extends Error {}

export const HELP = `npm run demo -- [options]

Three customers on three tiers, with linked accounts on the WhatsApp simulator. Messages flow both ways without a pause;
meanwhile one part after another is killed, stopped and drained. In the end everything is counted from outside: on the
phones, by the API. Takes about a minute.

  --running     in the Berth that npm start runs from this clone. Its operator, gateway and Postgres are struck, and each
                comes back by itself; the demo's sessions have workers of their own, and all that it made is removed
  --temporary   in a Berth of its own, beside whatever runs; leaves nothing
                (neither: asks when npm start runs and this is a terminal, else --temporary)
  --json        the last line is one JSON object: sent, delivered, received, lost, duplicated, qrAfterFailover, failoverMs
  --keep        with --temporary: leave the data folder with all logs behind (a failed demo leaves it anyway)

Exits with 1 unless nothing was lost, nothing came twice and nobody had to scan a code again.
`

/** 'help': that was asked for. Throws UsageError. */
export function parseOptions(args: string[]): DemoOptions | 'help' {
  const { json, keep, running, temporary, help } = parse(args)
  if (help) return 'help'
  if (running && temporary) throw new UsageError('--running or --temporary, not both.')
  const where = running ? 'running' : temporary ? 'temporary' : undefined
  return { json, keep, ...(where && { where }) }
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        running: { type: 'boolean', default: false },
        temporary: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See npm run demo -- --help`)
  }
}
