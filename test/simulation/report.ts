/** What is shown of a run that went wrong: its shortest history, and how to see it again. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLANTS, type Plant } from './planted.ts'
import { type Outcome, run } from './run.ts'
import type { Script } from './script.ts'
import { shrink } from './shrink.ts'
import type { Wrong } from './world.ts'

/** Shortens it, shows what is left, and keeps that in a file. `planted`: the name of the bug that was. */
export async function tell(script: Script, wrong: Wrong, planted: string | undefined): Promise<void> {
  const plant = PLANTS[planted ?? '']
  console.log(`looking for the shortest script that breaks ${wrong.invariant} …`)
  const shortest = await shrink(script, wrong.invariant, plant)
  await show(shortest, plant)
  const file = join(tmpdir(), `berth-simulation-${script.seed}.json`)
  writeFileSync(file, JSON.stringify(shortest, undefined, 1))
  const more = planted ? ` --plant '${planted}'` : ''
  console.log(`again: npm run sim -- --replay ${file}${more}`)
  console.log(`all of it: npm run sim -- --seed ${script.seed} --seeds 1${more}`)
}

/** Plays it, and prints its history. */
export async function show(script: Script, plant: Plant | undefined): Promise<Outcome> {
  const history: string[] = []
  const outcome = await run(script, { history, plant })
  console.log(history.join('\n'))
  console.log(outcome.wrong ? say(outcome.wrong) : 'nothing went wrong')
  return outcome
}

export const say = ({ invariant, what, at }: Wrong): string =>
  `${invariant} is broken after ${(at / 1000).toFixed(3)} s: ${what}`
