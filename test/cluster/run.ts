/** Does all steps, one after the other, and tells how each went; in the end the table of all times. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChaosResult, type Listener, type Plan, runChaos } from '../chaos/chaos.ts'
import { population } from '../chaos/population.ts'
import { findingLines, isGood, resultLines, roundLine } from '../chaos/report.ts'
import type { Counts } from '../suite.ts'
import { problemsOf, targetLine } from './assessment.ts'
import type { ClusterBerth } from './cluster-berth.ts'
import type { Options } from './options.ts'
import { Story } from './story.ts'

/** Messages per second over all accounts: the machine has a whole cluster to carry, too. */
const RATES = { in: 5, out: 4 }
const SEED = 1

/** Each step is a case, and so is the count over all of them. The Berth is left afterwards. */
export async function runSteps(
  berth: ClusterBerth,
  { steps, sessions, keep }: Options,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<Counts> {
  const story = new Story(berth.kubectl, join(berth.dataDir, 'stories'))
  const plan: Plan<ClusterBerth> = {
    rounds: steps.length,
    faults: steps,
    inOrder: true,
    judgesEach: true,
    population: population(sessions),
    rates: RATES,
    seed: SEED,
  }
  const failures: string[] = []
  const listener: Listener = {
    begins: () => tell(`${sessions} accounts are linked; from now on messages flow both ways, without a pause`),
    strikes(number, name) {
      story.chapter(`${String(number).padStart(2, '0')}-${name}`)
      tell(`${number} of ${steps.length}: ${name} …`)
    },
    round(round) {
      const problems = problemsOf(steps[round.number - 1]!, round)
      if (problems.length > 0) failures.push([roundLine(round), ...problems].join('\n'))
      tell(`${problems.length > 0 ? 'FAILED' : 'ok'} ${roundLine(round)}`)
      for (const problem of problems) tell(`    ${problem}`)
    },
    async ends(result) {
      await writeFile(join(berth.dataDir, 'records.json'), JSON.stringify(result))
      if (!isGood(result)) tell(await berth.diagnose())
      if (!keep) return
      tell('Everything is left as it is for a look; Ctrl-C tidies up.')
      if (!signal.aborted) await once(signal, 'abort')
    },
  }
  await story.start()
  try {
    const result = await runChaos(berth, plan, listener, signal)
    for (const line of lines(result, steps)) console.log(line)
    const failed = failures.length
    if (!isGood(result)) failures.push(findingLines(result).join('\n'))
    const done = result.rounds.length
    // The one that got stuck is none of the rounds.
    const isStuck = done < steps.length
    return {
      passed: done - failed + (isGood(result) ? 1 : 0),
      failed: failures.length,
      skipped: steps.length - done - (isStuck ? 1 : 0),
      failures,
    }
  } finally {
    await story.stop()
  }
}

const lines = (result: ChaosResult, steps: Options['steps']): string[] => [
  ...steps.flatMap((step) => targetLine(step, result.rounds) ?? []),
  ...resultLines(result),
]
