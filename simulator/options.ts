// What the simulator's command line is asked for.
import { parseArgs } from 'node:util'
import { NewLoad } from './api/load-schemas.ts'

export interface CommandLine {
  /** Undefined: a folder that goes with the process. */
  data: string | undefined
  port: number
  host: string
  seed: string | undefined
  /** What the simulator takes for the time when it starts, Unix milliseconds. */
  startAt: number | undefined
  /** Private, 32 bytes. */
  rootKey: Buffer | undefined
  strict: boolean
  load: NewLoad | undefined
}

/** Raised for what a person typed wrong; the message says what to type. */
export class UsageError extends Error {}

export const HELP = `npm run simulator -- [options]

A WhatsApp server on this machine, for development and tests: it speaks the real protocol to the unmodified Baileys, and its
phones are simulated people. Nothing reaches WhatsApp or anybody real.

  npm run simulator                                   try it out: open the address that it prints, add a phone, scan a QR
  npm run simulator -- --data ./whatsapp --port 7800  the same tomorrow: phones, links and chats stay in the folder
  npm run simulator -- --load accounts=1000           a thousand phones to link, and people who write to them

  --data DIR      what to keep, and where (a temporary folder that goes with the process)
  --port N        (a free one, which is printed) for the page, the API and the WebSocket
  --host ADDRESS  (127.0.0.1) there are no passwords: others should not reach it
  --seed TEXT     ids and other chance repeat with the seed; keys never do
  --time DATE     the simulator's clock starts there, such as 2030-01-01T00:00:00Z
  --root KEY      what it proves itself with, 32 bytes in base64 (a private X25519 key), where clients must know before it
                  starts what to trust (one of its own, kept with the data)
  --no-strict     don't note what a correct client never does (GET /v1/faults)
  --load A=B,…    once it's up, starts a load and prints every 5 s how it goes:
                    accounts=N        phones to be linked; POST /v1/load/scan gives a QR to the next one
                    contacts=100      phones that write to them
                    perMinute=6       messages to each linked account, on the average, each at a random time
                    distribution=even or skewed: one account in ten gets ten times as many as the others
                    groupShare=0      share of the messages that is written in groups of groupSize=5
                    rampSeconds=0     time to the full rate
                    textLength=60     characters, on the average
                    seed=1

Prints one line of JSON when it's ready, {"ready":true,"url":…}, and one for each fault. API: simulator/README.md.
`

/** 'help': that was asked for. Throws UsageError. */
export function parseOptions(args: string[]): CommandLine | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new UsageError('--port is a number from 0 to 65535')
  const startAt = values.time === undefined ? undefined : Date.parse(values.time)
  if (Number.isNaN(startAt)) throw new UsageError('--time is a date such as 2030-01-01T00:00:00Z')
  const rootKey = values.root === undefined ? undefined : Buffer.from(values.root, 'base64')
  if (rootKey && rootKey.length !== 32) throw new UsageError('--root is 32 bytes in base64')
  const { data, host, seed, strict } = values
  return {
    data,
    port,
    host,
    seed,
    startAt,
    rootKey,
    strict,
    load: values.load === undefined ? undefined : parseLoad(values.load),
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowNegative: true,
      options: {
        data: { type: 'string' },
        port: { type: 'string', default: '0' },
        host: { type: 'string', default: '127.0.0.1' },
        seed: { type: 'string' },
        time: { type: 'string' },
        root: { type: 'string' },
        strict: { type: 'boolean', default: true },
        load: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See --help`)
  }
}

/** `accounts=1000,groupShare=0.1`, or just the number of accounts. */
function parseLoad(text: string): NewLoad {
  const pairs = (/^\d+$/.test(text) ? `accounts=${text}` : text).split(',').map((pair) => {
    const [name = '', value = ''] = pair.split('=')
    return [name.trim(), Number.isNaN(Number(value)) ? value : Number(value)]
  })
  const plan = NewLoad.safeParse(Object.fromEntries(pairs))
  if (plan.success) return plan.data
  const [issue] = plan.error.issues
  throw new UsageError(`--load: ${[...issue!.path, issue!.message].join(': ')}. See --help`)
}
