/** Faults of what workers need: the API server away, operators and gateways replaced. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Fault, since } from '../../chaos/faults/fault.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import { TIMEOUT_MS } from '../place.ts'

export const stopApiServerFor =
  (ms: number): Fault<ClusterBerth> =>
  async ({ berth }) =>
  async () => {
    const at = Date.now()
    await berth.cluster.stopApiServer()
    await delay(ms)
    await berth.cluster.startApiServer()
    return { at, what: `API server, for ${since(at)}` }
  }

/** `kubectl rollout restart`: one after the other. */
export const restart =
  (part: 'operator' | 'gateway'): Fault<ClusterBerth> =>
  async ({ berth: { kubectl } }) =>
  async () => {
    const at = Date.now()
    const deployment = `deployment/berth-${part}`
    await kubectl.run(['rollout', 'restart', deployment])
    await kubectl.run(['rollout', 'status', deployment, `--timeout=${TIMEOUT_MS / 1000}s`])
    return { at, what: `${deployment}, for ${since(at)}` }
  }
