/** When a node counts as ready. */
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isNotFound } from '@berth/core/kube/error.ts'

interface Condition {
  type: string
  status: string
  lastHeartbeatTime?: string
  message?: string
}

interface Node {
  status?: { conditions?: Condition[] }
}

const POLL_MS = 200
const LIMIT_MS = 180_000
const ANSWER_MS = 3_000

/** With `since`, what its kubelet said before that moment does not count: it may be from before it was stopped. */
export async function waitForNode(client: KubeClient, name: string, since?: Date): Promise<void> {
  const deadline = performance.now() + LIMIT_MS
  for (;;) {
    const ready = await readyCondition(client, name)
    if (ready?.status === 'True' && !isBefore(ready.lastHeartbeatTime, since)) return
    if (performance.now() > deadline) {
      throw new Error(`${name} is not ready after ${LIMIT_MS / 1000} s: ${ready?.message ?? 'it did not register'}.`)
    }
    await delay(POLL_MS)
  }
}

/** Heartbeats are told in whole seconds. */
const isBefore = (time: string | undefined, since: Date | undefined): boolean =>
  since !== undefined && (time === undefined || Date.parse(time) < Math.floor(since.getTime() / 1000) * 1000)

/** What Kubernetes says now; undefined when it does not answer soon. */
export async function isNodeReady(client: KubeClient, name: string): Promise<boolean | undefined> {
  try {
    return (await readyCondition(client, name, AbortSignal.timeout(ANSWER_MS)))?.status === 'True'
  } catch {
    return undefined
  }
}

async function readyCondition(client: KubeClient, name: string, signal?: AbortSignal): Promise<Condition | undefined> {
  try {
    const node = await client.request<Node>('GET', `/api/v1/nodes/${name}`, { signal })
    return node.status?.conditions?.find(({ type }) => type === 'Ready')
  } catch (error) {
    if (isNotFound(error)) return undefined // it has not registered yet
    throw error
  }
}
