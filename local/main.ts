/** `npm start`: all of Berth on this machine, until Ctrl-C. */
import { accessSync, constants } from 'node:fs'
import path from 'node:path'
import { clone, dataFolder } from './clone.ts'
import { type Berth, startBerth } from './compose.ts'
import { AlreadyRuns } from './lock.ts'
import { HELP, type Options, parseOptions, UsageError } from './options.ts'
import { reset } from './reset.ts'
import { summary } from './summary.ts'

const dataDir = dataFolder(clone, process.getuid?.() === 0, process.env.BERTH_DATA)

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130

function hasKubectl(): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, 'kubectl'), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** One Ctrl-C reaches us from the terminal, and once more from npm. */
const ONE_PRESS_MS = 500

/** Where npm was called; npm itself changes to the clone. */
const isElsewhere = (): boolean => path.resolve(process.env.INIT_CWD ?? process.cwd()) !== clone

async function start(options: Options): Promise<void> {
  const begun = performance.now()
  const starting = new AbortController()
  let berth: Berth | undefined
  let stoppedAt: number | undefined
  const stop = (): void => {
    if (stoppedAt === undefined) {
      stoppedAt = performance.now()
      console.log('\nStopping; Ctrl-C again kills instead.')
      if (berth) void berth.stop().then(() => process.exit(0))
      else starting.abort(new Error('Stopped before it was ready.'))
    } else if (performance.now() - stoppedAt > ONE_PRESS_MS) {
      console.log('Killed.')
      berth?.kill()
      process.exit(INTERRUPTED)
    }
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  process.once('disconnect', stop) // setup.mjs is gone: nobody could stop us from the terminal any more

  console.log(options.whatsapp === 'real' ? 'Starting Berth with the real WhatsApp' : 'Starting Berth')
  const { DATABASE_URL: databaseUrl } = process.env
  berth = await startBerth({
    dataDir,
    whatsapp: options.whatsapp,
    signal: starting.signal,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(databaseUrl ? { databaseUrl } : {}),
  })
  const { gatewayUrl, simulatorUrl, kubernetesUrl, kubeconfig, apiKey, logsDir, stillStarting } = berth
  const text = summary({
    gatewayUrl,
    kubernetesUrl,
    kubeconfig,
    dataDir,
    logsDir,
    stillStarting,
    hasKubectl: hasKubectl(),
    ...(simulatorUrl ? { simulatorUrl } : {}),
    ...(apiKey ? { apiKey } : {}),
    ...(isElsewhere() ? { elsewhere: clone } : {}),
  })
  berth.announce(text)
  console.log(`Berth runs, after ${((performance.now() - begun) / 1000).toFixed(1)} s.\n${text}`)
}

// A terminal that is closed must not keep us from stopping in order.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  const options = parseOptions(process.argv.slice(2))
  if (options.help) console.log(HELP)
  else if (options.reset) await reset(dataDir, options.yes)
  else await start(options)
} catch (error) {
  console.error((error as Error).message)
  if (error instanceof AlreadyRuns && error.info?.summary) console.error(error.info.summary)
  process.exit(error instanceof UsageError ? 2 : 1)
}
