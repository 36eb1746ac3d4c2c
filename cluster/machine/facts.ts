/** What this machine has and allows, found out by trying. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { goVersion } from '../binaries/go.ts'
import { run, searchPath, succeeds } from '../command.ts'
import { controllersIn, type Hierarchy, hierarchiesIn } from '../node/cgroups.ts'

export interface MachineFacts {
  platform: NodeJS.Platform
  isRoot: boolean
  /** Go that can build what has still to be built; undefined when it is missing or too old. */
  go: string | undefined
  /** Nothing has to be built any more. */
  isBuilt: boolean
  /** Of PROGRAMS, those that are not there. */
  missingPrograms: string[]
  /** The folder of the CNI plugins. */
  cniPlugins: string | undefined
  hasAptGet: boolean
  /** Of KERNEL_TRIES, those that failed. */
  refused: string[]
  /** Cgroups can be made, and have these controllers. */
  cgroupControllers: string[]
  /** File systems can be put over each other where the cluster's files lie. */
  overlays: boolean
}

/** Programs that a cluster calls, with the Debian package of each. */
export const PROGRAMS: Record<string, string> = {
  bash: 'bash',
  containerd: 'containerd',
  ctr: 'containerd',
  ip: 'iproute2',
  iptables: 'iptables',
  mount: 'mount',
  nsenter: 'util-linux',
  runc: 'runc',
  tar: 'tar',
  unshare: 'util-linux',
}

const CNI_PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap']
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni']

/** Each is tried in namespaces of its own, so that nothing of it stays. */
const KERNEL_TRIES: Record<string, string> = {
  mounts: 'mount -t tmpfs berth-try /tmp',
  bridges: 'ip link add berth-try type bridge',
  cables: 'ip link add berth-try-a type veth peer name berth-try-b',
  'packet filter': 'iptables -t nat -A POSTROUTING -m comment --comment berth -j MASQUERADE',
  'packet filter on bridges': 'test -w /proc/sys/net/bridge/bridge-nf-call-iptables',
}
const NAMESPACES = ['--mount', '--net', '--pid', '--fork', '--mount-proc']

/** `root`: where clusters will lie; `goModule`: a folder with a go.mod that Go would have to build. */
export async function findFacts(options: { root: string; goModule: string; isBuilt: boolean }): Promise<MachineFacts> {
  const facts = {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    go: await goVersion(options.goModule),
    isBuilt: options.isBuilt,
    missingPrograms: Object.keys(PROGRAMS).filter((program) => !isOnPath(program)),
    cniPlugins: CNI_FOLDERS.find((folder) => CNI_PLUGINS.every((plugin) => existsSync(path.join(folder, plugin)))),
    hasAptGet: isOnPath('apt-get'),
    refused: [],
    cgroupControllers: [],
    overlays: false,
  }
  if (facts.platform !== 'linux' || !facts.isRoot) return facts
  return {
    ...facts,
    // Without the programs nothing can be tried.
    refused: facts.missingPrograms.length > 0 ? [] : await tryKernel(),
    cgroupControllers: tryCgroups(),
    overlays: await tryOverlay(options.root),
  }
}

export function isOnPath(program: string): boolean {
  return searchPath()
    .split(path.delimiter)
    .some((folder) => {
      try {
        accessSync(path.join(folder, program), constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

async function tryKernel(): Promise<string[]> {
  const names = Object.keys(KERNEL_TRIES)
  const script = names.map((name) => `${KERNEL_TRIES[name]} >/dev/null 2>&1 || echo '${name}'`).join('\n')
  // Modules are loaded when they are first asked for, but for this one.
  if (isOnPath('modprobe')) await succeeds('modprobe', ['br_netfilter'])
  try {
    return (await run('unshare', [...NAMESPACES, 'bash', '-c', script])).split('\n').filter(Boolean)
  } catch {
    return ['namespaces']
  }
}

/** Controllers of the hierarchies in which a cgroup can be made. */
function tryCgroups(): string[] {
  const allowed = hierarchiesIn(readFileSync('/proc/mounts', 'utf8')).filter(allowsCgroups)
  return [...new Set(allowed.flatMap(controllersIn))]
}

function allowsCgroups({ folder }: Hierarchy): boolean {
  const child = path.join(folder, `berth-try-${process.pid}`)
  try {
    mkdirSync(child)
    rmdirSync(child)
    return true
  } catch {
    return false
  }
}

async function tryOverlay(root: string): Promise<boolean> {
  const folder = await mkdtemp(`${path.dirname(root)}-try-`)
  try {
    const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => path.join(folder, name))
    for (const each of [lower!, upper!, work!, merged!]) mkdirSync(each)
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
    return await succeeds('unshare', ['--mount', 'mount', '-t', 'overlay', 'berth-try', '-o', options, merged!])
  } finally {
    await rm(folder, { recursive: true })
  }
}
