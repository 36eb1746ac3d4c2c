/** `npm run test:cluster`: a real Kubernetes, our images, our chart, and one fault after the other. See --help. */
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusterUp } from '@berth/cluster/cluster.ts'
import { withLock } from '@berth/cluster/lock.ts'
import { interruption } from '../chaos/interruption.ts'
import { UsageError } from '../chaos/options.ts'
import { type Counts, conclude } from '../suite.ts'
import { ClusterBerth } from './cluster-berth.ts'
import { imagesUnder, type Tags } from './images.ts'
import { HELP, type Options, parseOptions } from './options.ts'
import { Outside } from './outside.ts'
import { runSteps } from './run.ts'

/** One at a time on a machine, so that a run that was killed is tidied up after by the next one. */
const DATA_DIR = join(process.getuid?.() === 0 ? '/var/tmp' : tmpdir(), 'berth-test-cluster')
const TAGS: Tags = { current: 'e2e', next: 'e2e-next' }

const begun = performance.now()
const tell = (line: string): void => {
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.log(`${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')} ${line}`)
}

async function main(options: Options): Promise<Counts> {
  const signal = interruption(() => tell('Stopping, and tidying up; Ctrl-C again leaves it as it is.'))
  return withLock('test-cluster', tell, () => run(options, signal), signal)
}

async function run(options: Options, signal: AbortSignal): Promise<Counts> {
  await Outside.endOrphans(DATA_DIR)
  await rm(DATA_DIR, { recursive: true, force: true })
  await mkdir(DATA_DIR, { mode: 0o711 }) // as root, Postgres runs as another user, who must get through
  tell(`Logs, and what kubectl shows: ${DATA_DIR}`)
  const cluster = await clusterUp({ name: process.env.BERTH_CLUSTER, onProgress: tell })
  await cluster.loadImages(await imagesUnder(TAGS, join(DATA_DIR, 'images'), tell))
  signal.throwIfAborted()
  tell('The nodes have the images; helm install')
  const berth = await ClusterBerth.start({ cluster, tags: TAGS, dataDir: DATA_DIR, tell })
  return await runSteps(berth, options, tell, signal)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') console.log(HELP)
  else conclude([await main(options)])
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
