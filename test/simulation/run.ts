/** Plays a script: people and faults while it lasts, then calm, in which everything has to come right. */
import { Faults } from './faults.ts'
import { setTime } from './globals.ts'
import { missing } from './invariants/liveness.ts'
import type { Plant } from './planted.ts'
import { ACTIVE_MS, type Deed, type Fault, type Happening, type Script } from './script.ts'
import { Time } from './time.ts'
import { World, type Wrong } from './world.ts'

/** In the calm, everything must have come right by then: the longest wait of all is 90 s, for a deletion. */
const RIGHT_WITHIN_MS = 240_000
const LOOK_MS = 1_000
/** So long it has to stay right. */
const STAY_LOOKS = 3

export interface Outcome {
  wrong: Wrong | undefined
  steps: number
  simulatedMs: number
  claims: number
  writes: number
  placements: number
  /** How often Postgres went back, and was repaired. */
  losses: number
  repairs: number
}

export async function run(
  script: Script,
  { history, plant }: { history?: string[]; plant?: Plant } = {},
): Promise<Outcome> {
  const time = new Time()
  setTime(time)
  const world = new World(script, time, history)
  const takeOut = plant?.(world)
  try {
    await playAll(script, world)
  } finally {
    takeOut?.()
  }
  const { claims, writes, losses } = world.ownership
  const { placements } = world.placement
  return { wrong: world.wrong, steps: time.steps, simulatedMs: time.now, claims, writes, placements, ...losses.counts }
}

async function playAll(script: Script, world: World): Promise<void> {
  const { time } = world
  const faults = new Faults(world)
  const { process } = world.kubernetes
  time.after(0, process, () => world.people.createTiers())
  for (const happening of script.happenings) {
    time.after(happening.at, process, () => happen(happening, world, faults))
  }
  await play(world, ACTIVE_MS)
  time.within(process, () => faults.mendAll())
  world.note('-- nothing is broken any more --')
  await settle(world)
}

async function play(world: World, until: number): Promise<void> {
  while (!world.wrong && (await world.time.step(until)));
}

/** Until everything is right, and stays so. */
async function settle(world: World): Promise<void> {
  const deadline = world.time.now + RIGHT_WITHIN_MS
  let rightFor = 0
  while (!world.wrong && rightFor < STAY_LOOKS) {
    await play(world, world.time.now + LOOK_MS)
    const wrong = missing(world, (boot) => world.runs(boot))
    rightFor = wrong.length > 0 ? 0 : rightFor + 1
    if (wrong.length > 0 && world.time.now >= deadline) {
      world.wrong ??= { invariant: 'L1', what: wrong.join('; '), at: world.time.now }
    }
  }
}

const FAULTS = new Set<Happening['do']>([
  'kill',
  'mishap',
  'pause',
  'cut',
  'outage',
  'lose commits',
  'restore Postgres',
  'lag',
  'stutter',
  'break watches',
  'compact',
  'restore the API',
  'lose host',
  'crash kubelet',
])

function happen(happening: Happening, world: World, faults: Faults): void {
  const isFault = FAULTS.has(happening.do)
  const done = isFault ? faults.strike(happening as Fault) : world.people.do(happening as Deed)
  const { at: _, ...what } = happening
  world.note(`** ${isFault ? 'fault' : 'people'}: ${JSON.stringify(what)}${done ? '' : ' (nothing came of it)'}`)
}
