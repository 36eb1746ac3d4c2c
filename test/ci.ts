/**
 * What is checked before a change lands: `npm test`, then what takes too long for it, then what needs a real Kubernetes. The
 * last line counts all cases; a round of chaos is a case, a seed of the simulation is one, and so are the demo and the start of the cluster.
 */
import { spawn } from 'node:child_process'
import { clusterDown, clusterUp } from '@berth/cluster/cluster.ts'
import { isOnPath } from '@berth/cluster/machine/facts.ts'
import { install, UnfitMachine } from '@berth/cluster/machine/prepare.ts'
import { clocksMissing } from './chaos/surroundings/clocks.ts'
import { runOnRealKubernetes } from './real-kubernetes.ts'
import { type Counts, conclude, root, runSuite } from './suite.ts'

/** The crash matrix, a database that went back, each field of a spec, each write of an operator, the whole bench, a run of chaos. */
const SAMPLED = ['crash', 'restore', 'spec', 'operator/crash', 'bench', 'chaos/chaos'].map((name) => `test/${name}`)

const CHAOS = { rounds: 40, seed: 7 }
const SIMULATION = { seeds: 100, first: 1 }

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

/** Runs a command whose last line counts its cases. */
async function counted(command: string, args: string[]): Promise<Counts> {
  const { code, lastLine } = await run(command, args)
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((word) =>
    Number(lastLine.match(`(\\d+) ${word}`)?.[1] ?? 0),
  ) as [number, number, number]
  return { passed, failed: code === 0 ? failed : Math.max(1, failed), skipped }
}

const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 }
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 }
const SKIPPED: Counts = { passed: 0, failed: 0, skipped: 1 }

/** Each fault at least once. What the machine lacks for one is installed where that can be done; else the run says so. */
async function chaos(): Promise<Counts> {
  const { rounds, seed } = CHAOS
  if (clocksMissing() && process.getuid?.() === 0 && isOnPath('apt-get')) {
    await install(['libfaketime'], console.log).catch((error: Error) => console.log(error.message))
  }
  const { code } = await run(process.execPath, [
    'test/chaos/main.ts',
    ...['--rounds', String(rounds), '--seed', String(seed), '--json'],
  ])
  return code === 0 ? { ...PASSED, passed: rounds } : FAILED
}

async function simulation(): Promise<Counts> {
  const { seeds, first } = SIMULATION
  const { code } = await run(process.execPath, [
    'test/simulation/main.ts',
    ...['--seeds', String(seeds), '--seed', String(first)],
  ])
  return code === 0 ? { ...PASSED, passed: seeds } : FAILED
}

async function demo(): Promise<Counts> {
  const { code } = await run(process.execPath, ['demo/main.ts', '--json'])
  return code === 0 ? PASSED : FAILED
}

/** Builds what Kubernetes needs, where that was not done before. */
async function startCluster(): Promise<Counts> {
  try {
    await clusterUp({ onProgress: console.log })
    return PASSED
  } catch (error) {
    console.error((error as Error).message)
    return error instanceof UnfitMachine ? SKIPPED : FAILED
  }
}

type Steps = Record<string, () => Counts | Promise<Counts>>

const counts: Counts[] = []

async function take(steps: Steps): Promise<void> {
  for (const [name, step] of Object.entries(steps)) {
    console.log(`\n=== ${name}`)
    const begun = performance.now()
    counts.push(await step())
    console.log(`=== ${name}: ${((performance.now() - begun) / 60_000).toFixed(1)} min`)
  }
}

await take({
  'npm test': () => counted('npm', ['test']),
  'every case of what npm test has samples of': () =>
    runSuite(['--project', 'integration', ...SAMPLED], { BERTH_FULL: '1' }),
  simulation,
  chaos,
  demo,
  'a Kubernetes cluster': startCluster,
})
if (counts.at(-1) === PASSED) {
  await take({
    'what needs Kubernetes, on a real kube-apiserver': () => runOnRealKubernetes(),
    'the chart, the images, the cluster, files in an object store': () =>
      runSuite(['chart', 'images', 'cluster', 'media'].flatMap((name) => ['--project', name])),
    'Berth on a real cluster': () => counted(process.execPath, ['test/cluster/main.ts']),
  })
}
await clusterDown({ onProgress: console.log })
conclude(counts)
