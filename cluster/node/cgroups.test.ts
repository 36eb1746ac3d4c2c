import { expect, it } from 'vitest'
import { hierarchiesIn } from './cgroups.ts'

it('finds the trees of a machine that has both versions', () => {
  const mounts = [
    'tmpfs /sys/fs/cgroup tmpfs rw,mode=755 0 0',
    'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0',
    'cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0',
    '/dev/vda / ext4 rw 0 0',
  ].join('\n')
  expect(hierarchiesIn(mounts)).toEqual([
    { folder: '/sys/fs/cgroup/cpu,cpuacct', version: 1, options: ['rw', 'relatime', 'cpu', 'cpuacct'] },
    { folder: '/sys/fs/cgroup/unified', version: 2, options: ['rw', 'relatime'] },
  ])
})

it('takes a tree that is mounted twice at one place once', () => {
  const mount = 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0'
  expect(hierarchiesIn(`${mount}\n${mount}\n`)).toHaveLength(1)
})
