import { expect, it } from 'vitest'
import type { TestCluster } from './cluster.ts'
import { report } from './report.ts'

const cluster = {
  name: 'test',
  kubeconfig: '/clusters/test/admin.kubeconfig',
  kubectl: '/bin/kubectl',
  helm: '/bin/helm',
  logs: '/clusters/test/logs',
  hostAddress: '10.200.0.1',
  apiAddress: '10.200.128.1',
  nodes: [{ name: 'berth-node-1', address: '10.200.0.11' }],
} as TestCluster

it('says what runs, for how long, and how to use it', () => {
  const text = report(cluster, [
    { name: 'etcd', pid: 7, ageSeconds: 119 },
    { name: 'berth-node-1', pid: 8, ageSeconds: 7300, ready: true },
  ])
  expect(text).toContain('  etcd          pid 7, up 119s\n  berth-node-1  pid 8, up 2h, ready\n')
  expect(text).toContain('export KUBECONFIG=/clusters/test/admin.kubeconfig')
  expect(text).not.toContain('does not run')
})

it('says what does not run, and what to do', () => {
  const text = report(cluster, [{ name: 'etcd' }, { name: 'berth-node-1', pid: 8, ageSeconds: 200_000, ready: false }])
  expect(text).toContain('etcd          does not run')
  expect(text).toContain('up 2d, NOT READY')
  expect(text).toContain('npm run cluster:up')
})
