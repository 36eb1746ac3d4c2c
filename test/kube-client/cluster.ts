/**
 * The Kubernetes API that a test runs against: the cluster of $BERTH_TEST_KUBECONFIG, or else the embedded one. Each test
 * file gets a namespace of its own; Berth's CRDs are installed where they are missing.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { KubeClient } from '@berth/core/kube/client.ts'
import { type KubeConfig, loadKubeConfig } from '@berth/core/kube/config.ts'
import { isAlreadyExists } from '@berth/core/kube/error.ts'
import type { CustomResourceDefinition } from '@berth/core/model/builtin.ts'
import { crdOf } from '@berth/core/model/crd.ts'
import { definitions } from '@berth/core/model/crds.ts'
import { CrdKind, NamespaceKind } from '@berth/core/model/kind.ts'
import { startKubernetes } from '@berth/local/kubernetes/server.ts'

/** What tests allow their clients, which do in seconds what installations do in hours. */
export const TEST_QPS = 1_000

export interface TestCluster {
  /** Talks to the file's own namespace. */
  client: KubeClient
  config: KubeConfig
  /** Path; without the namespace. */
  kubeconfig: string
  close(): Promise<void>
}

/** `real`: path of an administrator's kubeconfig, of a cluster to use instead of either. */
export async function startTestCluster(real?: string): Promise<TestCluster> {
  const { kubeconfig, close } = await findCluster(real ?? process.env.BERTH_TEST_KUBECONFIG)
  const found = await loadKubeConfig({ kubeconfig })
  const config = { ...found, namespace: `test-${randomBytes(4).toString('hex')}` }
  const client = new KubeClient(config, { component: 'test', qps: TEST_QPS })
  await client.create(NamespaceKind, { metadata: { name: config.namespace } })
  for (const definition of definitions)
    await installCrd(client, crdOf(definition) as unknown as CustomResourceDefinition)
  return {
    client,
    config,
    kubeconfig,
    async close() {
      await client.delete(NamespaceKind, config.namespace)
      await client.close()
      await close()
    },
  }
}

async function findCluster(real: string | undefined): Promise<{ kubeconfig: string; close: () => Promise<void> }> {
  if (real) return { kubeconfig: real, close: async () => {} }
  const dataDir = await mkdtemp(path.join(tmpdir(), 'berth-kubernetes-'))
  const server = await startKubernetes({ dataDir })
  return {
    kubeconfig: server.kubeconfigPath,
    async close() {
      await server.close()
      await rm(dataDir, { recursive: true })
    },
  }
}

/** Installs a CRD and waits until the server serves it. */
async function installCrd(client: KubeClient, crd: CustomResourceDefinition): Promise<void> {
  await client.create(CrdKind, crd).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error
  })
  const deadline = AbortSignal.timeout(20_000)
  while (!(await isEstablished(client, crd.metadata.name))) {
    deadline.throwIfAborted()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function isEstablished(client: KubeClient, name: string): Promise<boolean> {
  const crd = await client.get(CrdKind, name)
  return crd?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false
}
