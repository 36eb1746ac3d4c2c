/** A worker that has no more memory than it uses: the kernel kills it for the next page that it wants. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hierarchiesIn } from '@berth/cluster/node/cgroups.ts'
import { PodKind } from '@berth/core/model/kind.ts'
import type { Fault } from '../../chaos/faults/fault.ts'
import { anyWorker, struck } from '../../chaos/faults/worker.ts'
import { until } from '../../chaos/until.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import { TIMEOUT_MS } from '../place.ts'

const AGAIN_MS = 100

export const outOfMemory: Fault<ClusterBerth> = async (installation, random) => {
  const worker = await anyWorker(installation, random)
  return async () => {
    const at = Date.now()
    await until(`the kernel kills ${worker.name}`, TIMEOUT_MS, async () => {
      takeSpareMemory(worker.pid)
      await delay(AGAIN_MS)
      const status = (await installation.kube.get(PodKind, worker.name))?.status?.containerStatuses?.[0]
      const { state, lastState } = status ?? {}
      return [state, lastState].some((one) => one?.terminated?.reason === 'OOMKilled')
    })
    return struck(worker, at, ', killed by the kernel')
  }
}

/** Lowers the limit of its cgroup to what it uses now. The next process of the container has a cgroup of its own. */
function takeSpareMemory(pid: number): void {
  try {
    for (const { used, limit } of memoryFiles(pid)) writeFileSync(limit, readFileSync(used))
  } catch (error) {
    // Gone meanwhile; or it uses more again already than it did a moment ago.
    if (!['ENOENT', 'ESRCH', 'EBUSY', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

const FILES = {
  1: { used: 'memory.usage_in_bytes', limit: 'memory.limit_in_bytes' },
  2: { used: 'memory.current', limit: 'memory.max' },
}

/** Of the cgroup that counts the process's memory. cgroups(7): `<id>:<controllers>:<path>`; in version 2 `0::<path>`. */
function memoryFiles(pid: number): { used: string; limit: string }[] {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n')
  const cgroups = lines.map((line) => line.split(':') as [string, string, string])
  return hierarchiesIn(readFileSync('/proc/mounts', 'utf8')).flatMap(({ folder, version }) => {
    const isOurs = ([id, controllers]: [string, string, string]) =>
      version === 1 ? controllers.split(',').includes('memory') : id === '0'
    const cgroup = cgroups.find(isOurs)?.[2]
    if (cgroup === undefined) return []
    const { used, limit } = FILES[version]
    const files = { used: join(folder, cgroup, used), limit: join(folder, cgroup, limit) }
    return existsSync(files.limit) ? [files] : []
  })
}
