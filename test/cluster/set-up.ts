/** A Berth on the real Kubernetes of this machine, for as long as somebody works with it. One at a time. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { clusterUp } from '@berth/cluster/cluster.ts'
import { lockFolderPatiently } from '@berth/local/lock.ts'
import { SCRATCH } from '../scratch.ts'
import { ClusterBerth } from './cluster-berth.ts'
import { imagesUnder, type Tags } from './images.ts'
import { Outside } from './outside.ts'

/** One on a machine, so that a run that was killed is tidied up after by the next one. */
const DATA_DIR = join(SCRATCH, 'berth-test-cluster')
const TAGS: Tags = { current: 'e2e', next: 'e2e-next' }

/** Installs it and hands it over; whoever works with it leaves it in the end. */
export async function onCluster<Result>(
  tell: (line: string) => void,
  signal: AbortSignal,
  work: (berth: ClusterBerth) => Promise<Result>,
): Promise<Result> {
  const lock = await lockFolderPatiently(`${DATA_DIR}.lock`, tell)
  try {
    await Outside.endOrphans(DATA_DIR)
    await rm(DATA_DIR, { recursive: true, force: true })
    await mkdir(DATA_DIR, { mode: 0o711 }) // as those of scratchFolder()
    tell(`Logs, and what kubectl shows: ${DATA_DIR}`)
    const cluster = await clusterUp({ name: process.env.BERTH_CLUSTER, onProgress: tell })
    await cluster.loadImages(await imagesUnder(TAGS, join(DATA_DIR, 'images'), tell))
    signal.throwIfAborted()
    tell('The nodes have the images; helm install')
    return await work(await ClusterBerth.start({ cluster, tags: TAGS, dataDir: DATA_DIR, tell }))
  } finally {
    lock.release()
  }
}
