/**
 * `npm run test:kube`: what `npm test` runs against the embedded Kubernetes API, unchanged against a real kube-apiserver.
 * Where the two differ, the embedded one is wrong.
 */
import { startControlPlane } from '@berth/cluster/control-plane/standalone.ts'
import { type Counts, conclude, EVERYWHERE, runSuite } from './suite.ts'

/** Everything that asks Kubernetes for something and takes BERTH_TEST_KUBECONFIG. */
const SUITES = ['test/kube/', 'test/kube-client/', 'test/operator/', 'test/spec/', 'test/gateway/', 'test/cli/']

export async function runOnRealKubernetes(names: string[] = SUITES): Promise<Counts> {
  const controlPlane = await startControlPlane({ controllers: true, onProgress: console.log })
  try {
    return runSuite([...EVERYWHERE, ...names], {
      BERTH_TEST_KUBECONFIG: controlPlane.kubeconfig,
      BERTH_TEST_KUBECTL: controlPlane.kubectl,
    })
  } finally {
    await controlPlane.stop()
  }
}

if (import.meta.main) {
  const asked = process.argv.slice(2)
  conclude([await runOnRealKubernetes(asked.length > 0 ? asked : SUITES)])
}
