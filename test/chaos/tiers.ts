/** Tiers for a harness: what a customer may send is not what is tried. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { TierKind } from '@berth/core/model/kind.ts'
import { until } from './until.ts'

/** So that the load never meets one. */
export const LIMITS = { sessionsPerTenant: 2_000, requestsPerMinute: 1_000_000, messagesPerHour: 10_000_000 }
const TIMEOUT_MS = 60_000

/** The gateway goes by what the operator has written down of them. */
export const untilTiersAreTakenUp = (kube: KubeClient): Promise<unknown> =>
  until('the tiers are taken up', TIMEOUT_MS, async () => {
    const { items } = await kube.list(TierKind)
    return items.every(({ metadata, status }) => status?.observedGeneration === metadata.generation)
  })
