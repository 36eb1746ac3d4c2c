// The simulator's process. What it can be told stands in `options.ts`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SimulatorClient } from './client.ts'
import { type CommandLine, HELP, parseOptions, UsageError } from './options.ts'
import { startSimulator } from './server.ts'

const LOAD_REPORT_MS = 5000

function readOptions(): CommandLine | 'help' {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(error.message)
    process.exit(2)
  }
}

async function run({ data, startAt, load, ...options }: CommandLine): Promise<void> {
  const dataDir = data ?? mkdtempSync(join(tmpdir(), 'whatsapp-simulator-'))
  const ahead = startAt === undefined ? 0 : startAt - Date.now()
  const simulator = await startSimulator({
    ...options,
    dataDir,
    now: () => Date.now() + ahead,
    onFault: (fault) => console.error(JSON.stringify({ level: 'warn', msg: 'fault', ...fault })),
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      await simulator.close()
      if (!data) rmSync(dataDir, { recursive: true })
      process.exit(0)
    })
  }
  console.log(JSON.stringify({ ready: true, url: simulator.url }))
  if (!load) return
  const client = new SimulatorClient(simulator.url)
  await client.startLoad(load)
  // There is no answer once the simulator is being stopped.
  setInterval(() => report(client).catch(() => {}), LOAD_REPORT_MS)
}

/** One line about the load, unless somebody has stopped it through the API. */
async function report(client: SimulatorClient): Promise<void> {
  const [now, { process: usage }] = await Promise.all([client.load(), client.stats()])
  if (!now) return
  const { plan: _, ...status } = now
  console.log(JSON.stringify({ load: { ...status, rss: usage.rss } }))
}

const options = readOptions()
if (options === 'help') console.log(HELP)
else await run(options)
