/** `npm run chaos`: breaks a whole Berth again and again, and counts. See --help. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onCluster } from '../cluster/set-up.ts'
import type { Step } from '../cluster/steps/all.ts'
import { scratchFolder } from '../scratch.ts'
import { type Round, runChaos } from './chaos.ts'
import { faultsNamed } from './faults/all.ts'
import { interruption } from './interruption.ts'
import { type ChaosOptions, HELP, parseOptions, UsageError } from './options.ts'
import { OwnBerth } from './own-berth.ts'
import { population } from './population.ts'
import { isGood, resultLines, roundLine, summaryOf } from './report.ts'

async function locally(options: ChaosOptions): Promise<boolean> {
  const dataDir = await scratchFolder('chaos')
  const signal = interruption()
  console.log(`${options.rounds} rounds, ${options.sessions} sessions, seed ${options.seed}, in ${dataDir}`)
  let isKept = true
  try {
    for (const [name, why] of Object.entries(options.skipped)) console.log(`Skipped: ${name}, since ${why}`)
    const wanted = { clocks: options.faults.includes('clock'), disk: options.faults.includes('disk-full') }
    const berth = await OwnBerth.start(dataDir, console.log, signal, wanted)
    const plan = { ...options, faults: faultsNamed(options.faults), population: population(options.sessions) }
    const listener = { round: (round: Round) => console.log(roundLine(round)) }
    const result = await runChaos(berth, plan, listener, signal)
    const good = isGood(result)
    isKept = options.keep || !good
    if (isKept) await writeFile(join(dataDir, 'records.json'), JSON.stringify(result))
    console.log(resultLines(result).join('\n'))
    if (isKept) console.log(`Logs and records.json are in ${dataDir}`)
    if (options.json) console.log(JSON.stringify(summaryOf(result)))
    return good
  } finally {
    if (!isKept) await rm(dataDir, { recursive: true, force: true })
  }
}

/** What is in its data folder goes with the next run. */
async function onRealKubernetes(options: ChaosOptions, faults: Step[]): Promise<boolean> {
  const signal = interruption()
  const plan = { ...options, faults, population: population(options.sessions) }
  const listener = { round: (round: Round) => console.log(roundLine(round)) }
  return onCluster(console.log, signal, async (berth) => {
    const result = await runChaos(berth, plan, listener, signal)
    await writeFile(join(berth.dataDir, 'records.json'), JSON.stringify(result))
    console.log(resultLines(result).join('\n'))
    if (options.json) console.log(JSON.stringify(summaryOf(result)))
    return isGood(result)
  })
}

const main = (options: ChaosOptions): Promise<boolean> =>
  options.cluster ? onRealKubernetes(options, options.cluster) : locally(options)

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(HELP)
  else process.exitCode = (await main(options)) ? 0 : 1
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
