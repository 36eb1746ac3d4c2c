/** `npm run test:cluster`: a real Kubernetes, our images, our chart, and one fault after the other. See --help. */
import { interruption } from '../chaos/interruption.ts'
import { UsageError } from '../chaos/options.ts'
import { type Counts, conclude } from '../suite.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { runSteps } from './run.ts'
import { onCluster } from './set-up.ts'

const begun = performance.now()
const tell = (line: string): void => {
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.log(`${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')} ${line}`)
}

async function main(options: Options): Promise<Counts> {
  const signal = interruption(() => tell('Stopping, and tidying up; Ctrl-C again leaves it as it is.'))
  return onCluster(tell, signal, (berth) => runSteps(berth, options, tell, signal))
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(HELP)
  else conclude([await main(options)])
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
