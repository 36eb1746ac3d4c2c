/**
 * Cgroups of a node. With version 1 there is a tree per controller, with version 2 a single one, and mixed machines have
 * both; one path is made, read and removed in all of them.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface Hierarchy {
  folder: string
  version: 1 | 2
  /** Of version 1: the mount's options, the controllers among them. */
  options: string[]
}

/** The controllers that a kubelet uses, by their names in version 2. */
const OF_KUBELETS = ['cpu', 'cpuset', 'hugetlb', 'io', 'memory', 'pids']
const POLL_MS = 20
const KILL_MS = 30_000

/** From the text of /proc/mounts. Pure. */
export function hierarchiesIn(mounts: string): Hierarchy[] {
  const found = mounts.split('\n').flatMap((line): Hierarchy[] => {
    const [, folder, type, options] = line.split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') return []
    return [{ folder: folder!, version: type === 'cgroup' ? 1 : 2, options: options!.split(',') }]
  })
  return found.filter(({ folder }, index) => found.findIndex((other) => other.folder === folder) === index)
}

const hierarchies = (): Hierarchy[] => hierarchiesIn(readFileSync('/proc/mounts', 'utf8'))

/** Makes the cgroup where it is missing, and returns the files that take the pids of who joins it. */
export function createCgroup(cgroup: string): string[] {
  return hierarchies().map(({ folder, version }) => {
    let parent = folder
    for (const part of cgroup.split('/')) {
      if (version === 2) delegateControllers(parent)
      const child = path.join(parent, part)
      mkdirSync(child, { recursive: true })
      if (version === 1) inheritCpus(parent, child)
      parent = child
    }
    return path.join(parent, 'cgroup.procs')
  })
}

/** Names of controllers, with other options of the mount among them. */
export const controllersIn = ({ folder, version, options }: Hierarchy): string[] =>
  version === 1 ? options : controllersOf(folder)

/** Of a cgroup of version 2. */
const controllersOf = (folder: string): string[] =>
  (readIfThere(path.join(folder, 'cgroup.controllers')) ?? '').trim().split(' ').filter(Boolean)

/** A cgroup of version 2 has the controllers that its parent gives on. */
function delegateControllers(folder: string): void {
  const controllers = controllersOf(folder).filter((name) => OF_KUBELETS.includes(name))
  const file = path.join(folder, 'cgroup.subtree_control')
  if (controllers.length > 0) writeFileSync(file, controllers.map((controller) => `+${controller}`).join(' '))
}

/** A new cpuset of version 1 is empty, and nobody can join it. */
function inheritCpus(parent: string, child: string): void {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const own = readIfThere(path.join(child, name))
    if (own?.trim() === '') writeFileSync(path.join(child, name), readFileSync(path.join(parent, name)))
  }
}

/** This cgroup and all below it, in any hierarchy. */
export function cgroupsIn(cgroup: string): string[] {
  const found = hierarchies().flatMap(({ folder }) =>
    tree(path.join(folder, cgroup)).map((below) => path.relative(folder, below)),
  )
  return [...new Set(found)]
}

/** Pids, as the host counts them, in this cgroup and below it. */
export function processesIn(cgroup: string): number[] {
  const pids = hierarchies().flatMap(({ folder }) => tree(path.join(folder, cgroup)).flatMap(pidsOf))
  return [...new Set(pids)]
}

/** Kills everything in a cgroup, and removes it with all below it. */
export async function removeCgroup(cgroup: string): Promise<void> {
  const deadline = performance.now() + KILL_MS
  for (let pids = processesIn(cgroup); pids.length > 0; pids = processesIn(cgroup)) {
    for (const pid of pids) killIfThere(pid)
    if (performance.now() > deadline) throw new Error(`Processes of ${cgroup} can't be killed: ${pids.join(', ')}.`)
    await delay(POLL_MS)
  }
  for (const { folder } of hierarchies()) await removeTree(path.join(folder, cgroup), deadline)
}

/** The kernel may hold on to a cgroup for a moment after its last process. */
async function removeTree(root: string, deadline: number): Promise<void> {
  for (const folder of tree(root).reverse()) {
    while (!removeFolder(folder)) {
      if (performance.now() > deadline) throw new Error(`The cgroup ${folder} can't be removed.`)
      await delay(POLL_MS)
    }
  }
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false
    throw error
  }
}

/** A cgroup's folder and all below it, parents first. */
function tree(root: string): string[] {
  try {
    const entries = readdirSync(root, { withFileTypes: true })
    const below = entries.filter((entry) => entry.isDirectory()).flatMap((entry) => tree(path.join(root, entry.name)))
    return [root, ...below]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const pidsOf = (folder: string): number[] =>
  (readIfThere(path.join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number)

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENODEV') return undefined
    throw error
  }
}
