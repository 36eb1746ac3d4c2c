/**
 * What is checked before a change lands: `npm test`, then what takes too long for it. The last line counts all cases; a
 * round of chaos is a case, and so is the demo.
 */
import { spawn } from 'node:child_process'
import { type Counts, conclude, root, runSuite } from './suite.ts'

const CHAOS = { rounds: 40, seed: 7 }

/** Runs a command that is shown as it goes; answers its exit code and the last line that it printed. */
async function run(command: string, args: string[]): Promise<{ code: number | null; lastLine: string }> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let tail = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    process.stdout.write(chunk)
    tail = (tail + chunk).slice(-100_000)
  }
  const code = await new Promise<number | null>((resolve) =>
    child.exitCode === null ? child.on('close', resolve) : resolve(child.exitCode),
  )
  return { code, lastLine: tail.trimEnd().split('\n').at(-1) ?? '' }
}

async function npmTest(): Promise<Counts> {
  const { code, lastLine } = await run('npm', ['test'])
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((word) =>
    Number(lastLine.match(`(\\d+) ${word}`)?.[1] ?? 0),
  ) as [number, number, number]
  return { passed, failed: code === 0 ? failed : Math.max(1, failed), skipped }
}

async function chaos(): Promise<Counts> {
  const { rounds, seed } = CHAOS
  const { code } = await run(process.execPath, [
    'test/chaos/main.ts',
    ...['--rounds', String(rounds), '--seed', String(seed), '--json'],
  ])
  return code === 0 ? { passed: rounds, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

async function demo(): Promise<Counts> {
  const { code } = await run(process.execPath, ['demo/main.ts', '--json'])
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

const steps: Record<string, () => Counts | Promise<Counts>> = {
  'npm test': npmTest,
  'the whole crash matrix, long freezes and outages': () =>
    runSuite(['--project', 'integration', 'test/crash'], { BERTH_FULL: '1' }),
  chaos,
  demo,
}

const counts: Counts[] = []
for (const [name, step] of Object.entries(steps)) {
  console.log(`\n=== ${name}`)
  counts.push(await step())
}
conclude(counts)
