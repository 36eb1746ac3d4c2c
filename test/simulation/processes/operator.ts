/** A simulated operator: the real one, over the simulated servers. */
import { KubeClient } from '@berth/core/kube/client.ts'
import { Operator } from '@berth/operator/operator.ts'
import { KubeWire } from '../kubernetes/wire.ts'
import type { Process } from '../process.ts'
import type { Surroundings } from '../surroundings.ts'

export function startOperator(process: Process, world: Surroundings): void {
  const wire = new KubeWire(process, world)
  const client = new KubeClient(world.kubeConfig, { component: 'operator' }, wire)
  new Operator({
    client,
    database: world.postgres.asOperator(process),
    log: world.log,
    config: {
      databaseUrl: '',
      workerImage: 'worker:1',
      workerSecret: 'worker',
      workerPod: {},
      logins: { rate: 20, burst: 100 },
      podName: process.name,
      host: '',
      port: 0,
    },
  }).start()
}
