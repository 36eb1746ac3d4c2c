/** `npm run demo`: keeps the promise in front of your eyes. Chapters in story.ts; breaking and counting is that of chaos. */
import { rm } from 'node:fs/promises'
import { type ChaosResult, type Listener, runChaos } from '@berth/test/chaos/chaos.ts'
import { faultsNamed } from '@berth/test/chaos/faults/all.ts'
import { interruption } from '@berth/test/chaos/interruption.ts'
import type { LocalBerth } from '@berth/test/chaos/local-berth.ts'
import { OwnBerth } from '@berth/test/chaos/own-berth.ts'
import { isGood, resultLines } from '@berth/test/chaos/report.ts'
import { scratchFolder } from '@berth/test/scratch.ts'
import { chooseBerth } from './choose.ts'
import { type DemoOptions, HELP, parseOptions, UsageError } from './options.ts'
import { chapterEnd, outcomeLines, outcomeOf } from './outcome.ts'
import { demoPopulation } from './population.ts'
import { colours, Screen } from './screen.ts'
import { CHAPTERS } from './story.ts'
import { viewLines } from './view.ts'
import { Watch } from './watch.ts'

const RATES = { in: 12, out: 8 }

async function demo(options: DemoOptions): Promise<boolean> {
  const signal = interruption(() => console.log('\nStopping, and tidying up; Ctrl-C again leaves it as it is.'))
  const guest = await chooseBerth(options, signal)
  const result = guest ? await tell(guest, signal) : await inOwnBerth(options, signal)
  if (options.json) console.log(JSON.stringify(outcomeOf(result)))
  return isGood(result)
}

/** Leaves its folder behind when that was asked for, or is needed to find out what went wrong. */
async function inOwnBerth({ keep }: DemoOptions, signal: AbortSignal): Promise<ChaosResult> {
  const dataDir = await scratchFolder('demo')
  let isKept = keep
  try {
    let isStarting = true // afterwards the story says what happens
    const tellStart = (line: string) => isStarting && console.log(colours.dim(line))
    const berth = await OwnBerth.start(dataDir, tellStart, signal)
    isStarting = false
    const result = await tell(berth, signal)
    isKept ||= !isGood(result)
    if (isKept) console.log(`The logs are in ${dataDir}`)
    return result
  } finally {
    if (!isKept) await rm(dataDir, { recursive: true, force: true })
  }
}

/** Plays all chapters; what happens is on the screen. */
async function tell(berth: LocalBerth, signal: AbortSignal): Promise<ChaosResult> {
  const screen = new Screen(process.stdout)
  const population = demoPopulation()
  screen.line(
    'Berth demo. Three customers, one on each tier; their accounts are linked to simulated phones, not to WhatsApp.',
  )
  screen.line()
  let watch: Watch | undefined
  const listener: Listener = {
    begins(...running) {
      screen.line()
      screen.line(
        `${population.accounts.length} accounts are linked. From now on messages flow both ways, without a pause.`,
      )
      watch = new Watch(...running)
      watch.start((places, counts) => screen.live(['', ...viewLines(places, counts, colours)]))
    },
    strikes(number) {
      const { title, text } = CHAPTERS[number - 1]!
      screen.line()
      screen.line(`${number}. ${title}`)
      screen.line(`   ${text}`)
    },
    round(round) {
      screen.line(`   ${colours.good('✓')} ${round.what}: ${chapterEnd(round)}`)
      if (round.number < CHAPTERS.length) return
      screen.line()
      screen.line('Waiting until the last message is through, then counting.')
    },
    async ends() {
      await watch?.stop()
      screen.settle()
      if (!berth.isShared) return
      screen.line()
      screen.line('Counted. Removing the customers, sessions and tiers of the demo.')
    },
  }
  signal.addEventListener('abort', () => void watch?.stop()) // the sessions that go then are no news
  const faults = faultsNamed(CHAPTERS.map(({ fault }) => fault))
  const plan = { population, rounds: CHAPTERS.length, faults, inOrder: true }
  try {
    const result = await runChaos(berth, { ...plan, rates: RATES, seed: 1 }, listener, signal)
    screen.line()
    for (const text of outcomeLines(outcomeOf(result))) screen.line(text)
    if (!isGood(result)) for (const text of resultLines(result)) screen.line(text)
    return result
  } finally {
    await watch?.stop()
  }
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(HELP)
  else process.exitCode = (await demo(options)) ? 0 : 1
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
