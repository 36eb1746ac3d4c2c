/** The command line of the simulation. */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { stopwatch } from './globals.ts'
import { PLANTS } from './planted.ts'
import { say, show, tell } from './report.ts'
import { run } from './run.ts'
import { type Script, scriptOf } from './script.ts'

const USAGE = `npm run sim -- [options]
  --seeds N      play N seeds, 20 by default; stops at the first one that goes wrong
  --seed K       the first of them, 1 by default
  --steps N      instead of a number of seeds: play on until so many steps were made
  --seconds N    the same, until so much time has passed
  --on           go on after a seed that goes wrong, and count them
  --replay FILE  play one script, as a failure has left it, and show its history
  --plant NAME   plant a bug first: ${Object.keys(PLANTS).join(', ')}
  --planted      plant each of them, and see that it is found within the seeds`

const OPTIONS = {
  seeds: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  steps: { type: 'string' },
  seconds: { type: 'string' },
  on: { type: 'boolean', default: false },
  replay: { type: 'string' },
  plant: { type: 'string' },
  planted: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** The exit code: 1 when something went wrong, or a planted bug was not found. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  if (values.plant && !PLANTS[values.plant]) throw new Error(`no bug is called ${values.plant}: see --help`)
  if (values.replay) {
    const { wrong } = await show(JSON.parse(readFileSync(values.replay, 'utf8')) as Script, PLANTS[values.plant ?? ''])
    return wrong ? 1 : 0
  }
  return values.planted ? lookForPlanted(values) : play(values)
}

async function play(values: Values): Promise<number> {
  const first = Number(values.seed)
  const plant = PLANTS[values.plant ?? '']
  const total = { seeds: 0, steps: 0, simulatedMs: 0, claims: 0, writes: 0, placements: 0, losses: 0, repairs: 0 }
  const startedAt = stopwatch()
  const seconds = () => (stopwatch() - startedAt) / 1000
  const isEnough = () => {
    if (values.seconds) return seconds() >= Number(values.seconds)
    if (values.steps) return total.steps >= Number(values.steps)
    return total.seeds >= Number(values.seeds)
  }
  if (!(await isDeterministic(first))) {
    console.log(
      `seed ${first} was played twice and went two ways: something asks for a time or a chance that is not simulated`,
    )
    return 1
  }
  let failures = 0
  for (let seed = first; !isEnough(); seed++) {
    const script = scriptOf(seed)
    const outcome = await run(script, { plant })
    total.seeds++
    for (const count of ['steps', 'simulatedMs', 'claims', 'writes', 'placements', 'losses', 'repairs'] as const)
      total[count] += outcome[count]
    if (!outcome.wrong) continue
    failures++
    console.log(`seed ${seed}: ${say(outcome.wrong)}`)
    if (values.on) continue
    await tell(script, outcome.wrong, values.plant)
    break
  }
  const { seeds, steps, simulatedMs, claims, writes, placements, losses, repairs } = total
  console.log(
    `${seeds} seeds from ${first}, ${failures} went wrong; ${steps} steps, ${Math.round(simulatedMs / 1000)} simulated seconds, ` +
      `${placements} placements, ${claims} claims, ${writes} writes, ${losses} losses of commits, ${repairs} repairs; ` +
      `${seconds().toFixed(1)} s, ${Math.round(steps / seconds())} steps a second`,
  )
  return failures > 0 ? 1 : 0
}

async function isDeterministic(seed: number): Promise<boolean> {
  const outcomes = [await run(scriptOf(seed)), await run(scriptOf(seed))].map((outcome) => JSON.stringify(outcome))
  return outcomes[0] === outcomes[1]
}

async function lookForPlanted({ seed, seeds }: Values): Promise<number> {
  let missed = 0
  for (const [name, plant] of Object.entries(PLANTS)) {
    let at = Number(seed)
    let wrong: Awaited<ReturnType<typeof run>>['wrong']
    for (; !wrong && at < Number(seed) + Number(seeds); at++) wrong = (await run(scriptOf(at), { plant })).wrong
    if (!wrong) missed++
    console.log(`${name}: ${wrong ? `found by seed ${at - 1}, as ${say(wrong)}` : `not found within ${seeds} seeds`}`)
  }
  return missed > 0 ? 1 : 0
}
