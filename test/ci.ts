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
import { type Counts, conclude, countsOf, EVERYWHERE, root, runSuite } from './suite.ts'

/** What asks for BERTH_FULL, but for test/postgres/machine, which takes eight minutes then. */
const SAMPLED = [
  'crash',
  'restore',
  'spec',
  'operator/crash',
  'bench',
  'chaos/chaos',
  'chaos/sabotage',
  'simulation/planted',
  'postgres/login-pace',
  'worker/cloud-api',
  'worker/sending',
  'gateway/fuzz',
  'gateway/provider-webhooks',
  'gateway/webhooks-crash',
].map((name) => `test/${name}`)

const CHAOS = { rounds: 40, seed: 7 }
const SIMULATION = { seeds: 100, first: 1 }

/** Of what has failed, repeated at the end. */
const LINES_OF_A_FAILURE = 15

/** Runs a command that is shown as it goes; answers its exit code and what it printed last. */
async function run(
  [command, ...args]: [string, ...string[]],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; end: string }> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  let end = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    process.stdout.write(chunk)
    end = (end + chunk).slice(-100_000)
  }
  const code = await new Promise<number | null>((resolve) =>
    child.exitCode === null ? child.on('close', resolve) : resolve(child.exitCode),
  )
  return { code, end: end.trimEnd().split('\n').slice(-LINES_OF_A_FAILURE).join('\n') }
}

/** Runs a command that counts its cases. */
const counted = (...command: [string, ...string[]]): Promise<Counts> =>
  countsOf((environment) => run(command, environment)).catch((error: Error) => {
    return failure(`${command.join(' ')} left no counts: ${error.message}`)
  })

/** Runs a command that is so many cases, all of which have passed, or one has failed. */
async function asCases(cases: number, ...command: [string, ...string[]]): Promise<Counts> {
  const { code, end } = await run(command)
  return code === 0 ? { ...PASSED, passed: cases } : failure(`${command.slice(1).join(' ')}\n${end}`)
}

const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 }
const SKIPPED: Counts = { passed: 0, failed: 0, skipped: 1 }
const failure = (why: string): Counts => ({ passed: 0, failed: 1, skipped: 0, failures: [why] })

/** Each fault at least once. What the machine lacks for one is installed where that can be done; else the run says so. */
async function chaos(): Promise<Counts> {
  const { rounds, seed } = CHAOS
  if (clocksMissing() && process.getuid?.() === 0 && isOnPath('apt-get')) {
    await install(['libfaketime'], console.log).catch((error: Error) => console.log(error.message))
  }
  const options = ['--rounds', String(rounds), '--seed', String(seed), '--json']
  return asCases(rounds, process.execPath, 'test/chaos/main.ts', ...options)
}

function simulation(): Promise<Counts> {
  const { seeds, first } = SIMULATION
  const options = ['--seeds', String(seeds), '--seed', String(first)]
  return asCases(seeds, process.execPath, 'test/simulation/main.ts', ...options)
}

const demo = (): Promise<Counts> => asCases(1, process.execPath, 'demo/main.ts', '--json')

/** Builds what Kubernetes needs, where that was not done before. */
async function startCluster(): Promise<Counts> {
  try {
    await clusterUp({ onProgress: console.log })
    return PASSED
  } catch (error) {
    const { message } = error as Error
    console.error(message)
    return error instanceof UnfitMachine ? SKIPPED : failure(message)
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
  'npm test': () => counted('npm', 'test'),
  'every case of what npm test has samples of': () => runSuite([...EVERYWHERE, ...SAMPLED], { BERTH_FULL: '1' }),
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
    'Berth on a real cluster': () => counted(process.execPath, 'test/cluster/main.ts'),
  })
}
await clusterDown({ onProgress: console.log })
conclude(counts)
