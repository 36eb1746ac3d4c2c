import { expect, it } from 'vitest'
import { corefile } from './dns.ts'
import { layOut } from './layout.ts'

const layout = layOut({
  name: 'test',
  root: '/clusters',
  range: '10.203.0.0/16',
  ports: { etcd: 1, etcdPeers: 2, api: 3, controllerManager: 4, scheduler: 5, dns: 5353, dnsReady: 8181 },
  machine: { cniPlugins: '/usr/lib/cni', snapshotter: 'overlayfs' },
})

it('listens where only the cluster is, and asks the machine for other names', () => {
  expect(corefile(layout, true)).toBe(
    [
      '.:5353 {',
      '  bind 10.203.0.1',
      '  ready 10.203.0.1:8181',
      '  errors',
      '  kubernetes cluster.local in-addr.arpa {',
      '    kubeconfig /clusters/test/control-plane/coredns.kubeconfig',
      '  }',
      '  forward . /etc/resolv.conf',
      '}',
      '',
    ].join('\n'),
  )
})

it('does without where the machine knows nobody to ask: CoreDNS would not start', () => {
  expect(corefile(layout, false)).not.toContain('forward')
})
