/** Stand-ins for all workers, in one process: they lease, claim and release as real ones, and run no WhatsApp. */
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { FakeNode } from '../../operator/fake-node.ts'

const RENEW_MS = 1_000

/** They stand for many clients. */
const client = new KubeClient(await loadKubeConfig(), { component: 'stand-ins', qps: 1_000, burst: 1_000 })
const node = new FakeNode(client, process.env.DATABASE_URL!, RENEW_MS)

process.on('SIGTERM', async () => {
  await node.close()
  await client.close()
  if (node.failures.length > 0) console.error('stand-ins:', node.failures[0])
})
