/** The arguments of `npm start`. */
import { parseArgs } from 'node:util'

export interface Options {
  help: boolean
  reset: boolean
  yes: boolean
  whatsapp: 'simulator' | 'real'
  port?: number
}

export class UsageError extends Error {
  override name = 'UsageError'
}

export const HELP = `Starts all of Berth on this machine.

  npm start                        with a WhatsApp simulator instead of WhatsApp
  npm start -- --whatsapp=real     with WhatsApp itself: link a real phone
  npm start -- --port=8080         the gateway's port; the next free one when it is taken
  npm start -- --reset             deletes the data of this clone (asks first; --yes: does not ask)
  npm start -- --help

Environment
  DATABASE_URL    a Postgres of your own instead of the embedded one
  BERTH_DATA      where the data are kept, instead of .berth in this folder (as root: below /var/lib/berth)
  LOG_LEVEL       debug, info, warn; for the logs of the processes
`

export function parseOptions(args: string[]): Options {
  const { values } = parse(args)
  const whatsapp = values.whatsapp ?? 'simulator'
  if (whatsapp !== 'simulator' && whatsapp !== 'real') {
    throw new UsageError(`--whatsapp is simulator or real, not ${whatsapp}.`)
  }
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new UsageError(`--port is a number from 1 to 65535, not ${values.port}.`)
  }
  return {
    help: values.help ?? false,
    reset: values.reset ?? false,
    yes: values.yes ?? false,
    whatsapp,
    ...(port === undefined ? {} : { port }),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h' },
        reset: { type: 'boolean' },
        yes: { type: 'boolean', short: 'y' },
        whatsapp: { type: 'string' },
        port: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See npm start -- --help`)
  }
}
