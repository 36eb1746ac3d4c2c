/** Everything that a cluster could leave on a machine, as lines that can be compared. Others' clusters are left out. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { run } from '../command.ts'
import { cgroupsIn } from '../node/cgroups.ts'
import { ROOT } from '../record.ts'

/** Written to by kubelets, containerd, CNI plugins and kube-proxy that are not told otherwise, and by us. */
const FOLDERS = [
  '/etc/cni',
  '/opt/cni',
  '/run/berth',
  '/run/containerd',
  '/run/netns',
  '/usr/libexec/kubernetes',
  '/var/lib/cni',
  '/var/lib/containerd',
  '/var/lib/kubelet',
  '/var/log/containers',
  '/var/log/pods',
]
/** A kubelet and a kube-proxy would set them. */
const SYSCTLS = [
  'kernel/keys/root_maxbytes',
  'kernel/keys/root_maxkeys',
  'kernel/panic',
  'kernel/panic_on_oops',
  'net/bridge/bridge-nf-call-iptables',
  'net/ipv4/conf/all/route_localnet',
  'net/ipv4/ip_forward',
  'net/netfilter/nf_conntrack_max',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
]

/** What is on the machine now. `cluster`: the one cluster that counts. */
export async function traces(cluster: string): Promise<string[]> {
  const isForeign = (line: string) => /berth-(?!node)[a-z0-9]+/.test(line) && !line.includes(`berth-${cluster}`)
  const lines = [
    ...label('mount', mounts()),
    ...label('device', readdirSync('/sys/class/net')),
    ...label('route', lineByLine(await run('ip', ['route', 'show', 'table', 'all']))),
    ...label('rule', lineByLine(await run('iptables-save', [])).map(withoutCounters)),
    ...label(
      'cgroup',
      cgroupsIn('').filter((cgroup) => cgroup.includes('berth')),
    ),
    ...label('file', [...FOLDERS, path.join(ROOT, cluster)].flatMap(entriesOf)),
    ...label('sysctl', SYSCTLS.map(readSysctl)),
    ...label('process', processes(cluster)),
  ]
  return [...new Set(lines.filter((line) => !isForeign(line)))].sort()
}

/** Without those below folders where somebody else may be building images just now. */
const mounts = (): string[] =>
  lineByLine(readFileSync('/proc/self/mounts', 'utf8')).filter(
    (line) => !/^\S+ \/(tmp|root|home|var\/tmp)\//.test(line),
  )

const label = (kind: string, lines: string[]): string[] => lines.map((line) => `${kind} ${line}`)

const lineByLine = (text: string): string[] => text.split('\n').filter(Boolean)

const withoutCounters = (rule: string): string => rule.replace(/\[\d+:\d+\]/, '').replace(/^#.*/, '#')

function entriesOf(folder: string): string[] {
  if (!existsSync(folder)) return []
  return [folder, ...readdirSync(folder).map((entry) => path.join(folder, entry))]
}

function readSysctl(key: string): string {
  const file = path.join('/proc/sys', key)
  return `${key}=${existsSync(file) ? readFileSync(file, 'utf8').trim() : 'none'}`
}

/** Those of the cluster: its folder is in their command line, or its name in their cgroup's. */
function processes(cluster: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    const read = (file: string) => readIfThere(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
    const command = read('cmdline').replaceAll('\0', ' ')
    const isOurs = command.includes(`/clusters/${cluster}/`) || read('cgroup').includes(`berth-${cluster}`)
    return isOurs ? [`${pid} ${command || readIfThere(() => readlinkSync(`/proc/${pid}/exe`))}`] : []
  })
}

/** Processes come and go. */
function readIfThere(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
