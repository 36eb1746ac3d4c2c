import { expect, it } from 'vitest'
import type { MachineFacts } from './facts.ts'
import { missingFor, missingMessage, missingPackages } from './missing.ts'

const fit: MachineFacts = {
  platform: 'linux',
  isRoot: true,
  go: 'go1.26.8',
  isBuilt: false,
  missingPrograms: [],
  cniPlugins: '/usr/lib/cni',
  hasAptGet: true,
  refused: [],
  cgroupControllers: ['rw', 'cpu', 'cpuset', 'memory', 'pids'],
  overlays: true,
}
const whats = (facts: Partial<MachineFacts>) => missingFor({ ...fit, ...facts }).map(({ what }) => what)

it('lacks nothing on a machine that has everything', () => {
  expect(missingFor(fit)).toEqual([])
})

it('elsewhere than on Linux says only that: the rest would not help', () => {
  expect(whats({ platform: 'darwin', isRoot: false, go: undefined })).toEqual(['Linux (this is darwin)'])
})

it('needs Go only as long as something has to be built', () => {
  expect(whats({ go: undefined })).toEqual(['Go 1.26 or newer, to build Kubernetes once'])
  expect(whats({ go: undefined, isBuilt: true })).toEqual([])
})

it('can do without overlays', () => {
  expect(whats({ overlays: false })).toEqual([])
})

it('names each package once, and how to get them', () => {
  const facts = { ...fit, missingPrograms: ['containerd', 'ctr', 'ip'], cniPlugins: undefined }
  expect(missingPackages(facts)).toEqual(['containerd', 'containernetworking-plugins', 'iproute2'])
  const how = (some: Partial<MachineFacts>) => missingFor({ ...facts, ...some })[0]!.how
  expect(how({})).toBe('apt-get install --no-install-recommends containerd containernetworking-plugins iproute2')
  expect(how({ hasAptGet: false })).toContain('names of the Debian packages')
})

it('says everything at once, with what to do', () => {
  const message = missingMessage(
    missingFor({
      ...fit,
      isRoot: false,
      go: undefined,
      missingPrograms: ['runc'],
      refused: ['namespaces', 'packet filter on bridges'],
    }),
  )
  expect(message.split('\n').filter((line) => line.startsWith('  - '))).toEqual([
    '  - root',
    '  - Go 1.26 or newer, to build Kubernetes once',
    '  - programs: runc',
    '  - permission for namespaces',
    '  - permission for packet filter on bridges',
  ])
  for (const how of ['sudo', 'https://go.dev/dl/', 'sudo apt-get install', '--privileged', 'modprobe br_netfilter']) {
    expect(message).toContain(how)
  }
})

it('needs cgroups with the controllers of a kubelet', () => {
  expect(whats({ cgroupControllers: ['memory'] })).toEqual([
    'cgroups that we may make, with the controllers cpu, cpuset, pids',
  ])
})
