/** When a node counts as ready. */
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeClient } from '@berth/core/kube/client.ts'

interface ReadyCondition {
  type: string
  status: string
  lastHeartbeatTime?: string
  message?: string
}

interface Node {
  status?: { conditions?: ReadyCondition[] }
}

const POLL_MS = 200
const LIMIT_MS = 180_000
const ANSWER_MS = 3_000

/** What Kubernetes says of it now; undefined when it does not answer soon, or does not know the node. */
export async function readiness(client: KubeClient, name: string): Promise<ReadyCondition | undefined> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const node = await client.request<Node>('GET', `/api/v1/nodes/${name}`, { signal })
    return node.status?.conditions?.find(({ type }) => type === 'Ready')
  } catch {
    return undefined
  }
}

/** @param before what was said of it before it was started: that does not count, however good it sounds */
export async function waitForNode(client: KubeClient, name: string, before?: ReadyCondition): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  for (;;) {
    const now = await readiness(client, name)
    if (now?.status === 'True' && now.lastHeartbeatTime !== before?.lastHeartbeatTime) return
    if (performance.now() > deadline) {
      throw new Error(`${name} is not ready after ${LIMIT_MS / 1000} s: ${now?.message ?? 'nothing is known of it'}.`)
    }
    await delay(POLL_MS)
  }
}
