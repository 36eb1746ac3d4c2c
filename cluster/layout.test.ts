import { expect, it } from 'vitest'
import { overlap } from './ip.ts'
import { apiServiceAddress, chooseRange, layOut } from './layout.ts'

const ports = { etcd: 1, etcdPeers: 2, api: 3, controllerManager: 4, scheduler: 5, dns: 6, dnsReady: 7 }
const machine = { cniPlugins: '/usr/lib/cni', snapshotter: 'overlayfs' } as const
const layoutOf = (name: string) =>
  layOut({ name, root: '/var/lib/berth/clusters', range: '10.203.0.0/16', ports, machine })

it('gives everybody an address of its own, inside of the one range', () => {
  const { hostNetwork, controlPlane, nodes, clusterRange } = layoutOf('test')
  const ranges = [hostNetwork, controlPlane.serviceRange, ...nodes.map(({ podRange }) => podRange)]
  for (const [index, range] of ranges.entries()) {
    expect(overlap(range, '10.203.0.0/16')).toBe(true)
    for (const other of ranges.slice(index + 1))
      expect([range, other, overlap(range, other)]).toEqual([range, other, false])
  }
  // What kube-proxy takes for the cluster's own: pods and nodes, not Services.
  expect(nodes.every(({ podRange }) => overlap(podRange, clusterRange))).toBe(true)
  expect(overlap(controlPlane.serviceRange, clusterRange)).toBe(false)
  expect(apiServiceAddress(layoutOf('test'))).toBe('10.203.128.1')
})

it('names devices so that Linux takes them', () => {
  const { bridge, nodes } = layoutOf('abcdefg')
  for (const device of [bridge, ...nodes.map((node) => node.device)]) expect(device.length).toBeLessThan(16)
  expect(() => layoutOf('abcdefgh')).toThrow("can't name a cluster")
  expect(() => layoutOf('../etc')).toThrow("can't name a cluster")
})

it('takes the first network that nobody uses', () => {
  expect(chooseRange(['192.0.2.0/24', '127.0.0.0/8'])).toBe('10.200.0.0/16')
  expect(chooseRange(['10.200.1.0/24', '10.201.0.0/16', '10.202.255.255'])).toBe('10.203.0.0/16')
  expect(() => chooseRange(['10.0.0.0/8'])).toThrow('is in use on this machine')
})
