/**
 * The Kubernetes API is put back to an older state: resource versions and placements fall, deleted resources are there again,
 * later ones are not. Postgres, which knows better, was not put back.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { PodKind, SessionKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { type Kubernetes, startKubernetes } from '@berth/local/kubernetes/server.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installation, PATIENCE } from './installation.ts'

let folder: string
let kubernetes: Kubernetes
let berth: Installation

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'berth-restored-'))
  kubernetes = await startKubernetes({ dataDir: folder })
  berth = await Installation.start(kubernetes.kubeconfigPath)
})
afterAll(async () => {
  await berth?.close()
  await kubernetes?.close()
  await rm(folder, { recursive: true })
})

/** Does something with the files while nobody has them, as a backup does; then the API is back under its address. */
async function whileStopped(act: (file: string, backup: string) => Promise<void>): Promise<void> {
  const port = Number(new URL(kubernetes.url).port)
  await kubernetes.close()
  const file = path.join(folder, 'kubernetes.db')
  await act(file, `${file}.backup`)
  kubernetes = await startKubernetes({ dataDir: folder, port })
}

const owner = async (id: string) => {
  const { rows } = await berth.pool.query<{ generation: number; epoch: number; pod: string | null }>(
    'SELECT generation, epoch, CASE WHEN released_at IS NULL THEN pod_uid END AS pod FROM session_owner WHERE session_id = $1',
    [id],
  )
  return rows[0]
}

test('claims in Postgres count: nobody goes back, and what was deleted comes back empty', PATIENCE, async () => {
  berth.startOperator()
  await berth.createTier('pro', 'pro')
  await berth.createTenant('acme', 'pro')
  for (const name of ['acme.moves', 'acme.leaves']) await berth.createSession(name, 'acme')
  const first = (await berth.untilConnected('acme.moves')).status!
  const leaves = (await berth.untilConnected('acme.leaves')).status!
  await berth.untilReady('pro', 2)
  await whileStopped(copyFile)

  // What the backup knows nothing of: a move, a deletion, an arrival.
  await berth.cluster.client.delete(WorkerKind, first.placement!.worker)
  const moved = (await berth.untilConnected('acme.moves', (worker) => worker !== first.placement!.worker)).status!
  await berth.until('the old worker gone', async () => !(await berth.worker(first.placement!.worker)))
  await berth.cluster.client.delete(SessionKind, 'acme.leaves')
  await berth.until('the data erased', async () => !(await berth.sessionRow(leaves.id!)))
  await berth.createSession('acme.comes', 'acme')
  const comes = (await berth.untilConnected('acme.comes')).status!
  const before = (await owner(first.id!))!

  const restoredAt = (await berth.pool.query<{ now: Date }>('SELECT now()')).rows[0]!.now
  await whileStopped((file, backup) => copyFile(backup, file))

  const after = await berth.until('a newer placement than any before', async () => {
    const { status } = (await berth.session('acme.moves'))!
    return (status?.placement?.generation ?? 0) > before.generation && status
  })
  expect(after.placement!.generation).toBeGreaterThan(moved.placement!.generation)
  // That it is connected, the backup said, too.
  const now = await berth.until('held where it is placed', async () => {
    const [row, session] = [await owner(first.id!), await berth.session('acme.moves')]
    return row?.pod && row.pod === session?.status?.placement?.podUID ? row : undefined
  })
  await berth.untilConnected('acme.moves')
  expect(now.epoch).toBeGreaterThanOrEqual(before.epoch)

  // Under its old id, in a row of its own that has nothing of the data that were erased.
  await berth.until('the deleted one taken up again', async () => {
    const { rows } = await berth.pool.query('SELECT FROM session WHERE id = $1 AND created_at > $2', [
      leaves.id,
      restoredAt,
    ])
    return rows.length === 1
  })
  expect((await berth.untilConnected('acme.leaves')).status?.id).toBe(leaves.id)

  // Nobody holds it, nothing of it is lost, and declared anew it goes on.
  expect(await berth.session('acme.comes')).toBeUndefined()
  await berth.until('it is released', async () => (await owner(comes.id!))?.pod === null)
  await berth.createSession('acme.comes', 'acme')
  expect((await berth.untilConnected('acme.comes')).status?.id).toBe(comes.id)

  await berth.until('a pod for each worker, and no other', async () => {
    const [pods, workers] = await Promise.all(
      [PodKind, WorkerKind].map(async (kind) => (await berth.cluster.client.list<KubeObject>(kind)).items),
    )
    return isDeepStrictEqual(namesOf(pods!), namesOf(workers!))
  })
})

const namesOf = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name).sort()
