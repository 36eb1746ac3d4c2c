/** `npm run cluster:up|down|status`: a real Kubernetes on this machine. */
import { clusterDown, clusterUp, findCluster, hasRemains } from './cluster.ts'
import { NO_CLUSTER, report } from './report.ts'

const USAGE = `npm run cluster:up      makes a Kubernetes cluster of two nodes on this machine, or starts what of it does not run
npm run cluster:status  what runs, and how to use it
npm run cluster:down    removes all of it`

const LEFT = 'What was started is still there to be looked at; npm run cluster:down removes it.'

const begun = performance.now()
const onProgress = (line: string) => console.log(`${seconds().padStart(6)}  ${line}`)
const seconds = (): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`

async function status(): Promise<void> {
  const cluster = await findCluster()
  if (cluster) return console.log(report(cluster, await cluster.parts()))
  console.log(NO_CLUSTER)
  process.exitCode = 1
}

const commands: Record<string, () => Promise<void>> = {
  up: async () => {
    await clusterUp({ onProgress })
    onProgress('ready\n')
    await status()
  },
  down: async () => {
    await clusterDown({ onProgress })
    onProgress('removed: processes, network, cgroups and files')
  },
  status,
}

const command = commands[process.argv[2] ?? '']
if (!command) {
  console.error(USAGE)
  process.exit(2)
}
try {
  await command()
} catch (error) {
  console.error(`\n${(error as Error).message}`)
  if (process.argv[2] === 'up' && process.getuid?.() === 0 && hasRemains()) console.error(`\n${LEFT}`)
  process.exitCode = 1
}
