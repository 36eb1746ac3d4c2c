/** `npm run bench`: measures a worker beside bare Baileys. See --help. */
import { runBench } from './bench.ts'
import { HELP, parseOptions, UsageError } from './options.ts'
import { machine, resultLines } from './report.ts'

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED = 130
// Ended by a signal, it would not take its processes along.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => process.exit(INTERRUPTED))

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(HELP)
  } else {
    const result = await runBench(options, console.log)
    console.log(resultLines(result).join('\n'))
    if (options.json) console.log(JSON.stringify({ machine: machine(), options, ...result }))
  }
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exit(error instanceof UsageError ? 2 : 1) // takes the processes along that were being measured
}
