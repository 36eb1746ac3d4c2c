/** From what a machine has and allows: what is missing for a cluster, and how to get it. Pure. */
import { type MachineFacts, PROGRAMS } from './facts.ts'

export interface Missing {
  what: string
  how: string
}

const CNI_PACKAGE = 'containernetworking-plugins'

/** Without these the kubelet does not start. */
const CONTROLLERS = ['cpu', 'cpuset', 'memory', 'pids']

const WHY_REFUSED =
  'run it as the root of a whole (virtual) machine, or in a container with all privileges (docker run --privileged)'

const HOW_ALLOWED: Record<string, string> = {
  'packet filter on bridges': 'load the kernel module br_netfilter on the machine (modprobe br_netfilter)',
}

/** Debian packages that would bring what is missing. */
export function missingPackages({ missingPrograms, cniPlugins }: MachineFacts): string[] {
  const packages = missingPrograms.map((program) => PROGRAMS[program]!)
  return [...new Set([...packages, ...(cniPlugins ? [] : [CNI_PACKAGE])])].sort()
}

/** Everything, so that a person can get it all at once. */
export function missingFor(facts: MachineFacts): Missing[] {
  const { platform, isRoot, go, isBuilt, refused, cgroupControllers } = facts
  if (platform !== 'linux') {
    return [
      {
        what: `Linux (this is ${platform})`,
        how: 'use a Linux machine or virtual machine, or install Docker and kind',
      },
    ]
  }
  const missing: Missing[] = []
  if (!isRoot) missing.push({ what: 'root', how: 'run it with sudo; or install Docker and kind, which need none' })
  if (!isBuilt && !go) {
    missing.push({ what: 'Go 1.26 or newer, to build Kubernetes once', how: 'install it from https://go.dev/dl/' })
  }
  const packages = missingPackages(facts)
  if (packages.length > 0) {
    missing.push({ what: `programs: ${packages.join(', ')}`, how: howToInstall(packages, facts) })
  }
  for (const each of refused) missing.push({ what: `permission for ${each}`, how: HOW_ALLOWED[each] ?? WHY_REFUSED })
  const controllers = isRoot ? CONTROLLERS.filter((name) => !cgroupControllers.includes(name)) : []
  if (controllers.length > 0) {
    missing.push({ what: `cgroups that we may make, with the controllers ${controllers.join(', ')}`, how: WHY_REFUSED })
  }
  return missing
}

function howToInstall(packages: string[], { hasAptGet, isRoot }: MachineFacts): string {
  if (hasAptGet) return `${isRoot ? '' : 'sudo '}apt-get install --no-install-recommends ${packages.join(' ')}`
  return 'install what holds them on your system; these are the names of the Debian packages'
}

export function missingMessage(missing: Missing[]): string {
  const lines = missing.map(({ what, how }) => `  - ${what}\n      ${how}`)
  return ["A Kubernetes cluster for tests can't run on this machine as it is. Missing:", ...lines].join('\n')
}
