/** What a fresh API server still makes after it says that it is ready. */
import { setTimeout as delay } from 'node:timers/promises'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { isNotFound } from '@berth/core/kube/error.ts'

const POLL_MS = 50
const LIMIT_MS = 60_000

/** Waits for what every person takes for given: the namespace `default` and, where controllers run, its service account. */
export async function waitForDefaults(kubeconfig: string, hasControllers: boolean): Promise<void> {
  const client = new KubeClient(await loadKubeConfig({ kubeconfig }), { component: 'cluster' })
  const signal = AbortSignal.timeout(LIMIT_MS)
  const wanted = ['/api/v1/namespaces/default']
  if (hasControllers) wanted.push('/api/v1/namespaces/default/serviceaccounts/default')
  try {
    for (const path of wanted) {
      while (!(await exists(client, path, signal))) await delay(POLL_MS, undefined, { signal })
    }
  } finally {
    await client.close()
  }
}

async function exists(client: KubeClient, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.request('GET', path, { signal })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
