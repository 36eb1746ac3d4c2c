/**
 * A PodDisruptionBudget for each tier: who evicts pods (`kubectl drain` of a node) gets one worker of a tier at a time, and the
 * next one when as many are ready again as should be. So sessions move to workers that are warm, as far as there are any, and
 * all of them at once to pods that first have to start only where the tier has no spare.
 */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isForbidden } from '@berth/core/kube/error.ts'
import type { PodDisruptionBudget } from '@berth/core/model/builtin.ts'
import { apiVersionOf, BudgetKind, TierKind } from '@berth/core/model/kind.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { APP_LABEL, FIELD_MANAGER, TIER_LABEL, WORKER_APP } from './labels.ts'
import { isDeleting } from './resources.ts'

export class Budgets {
  readonly #client: KubeClient
  readonly #log: Logger
  /** Tier's uid → what was written in this term. */
  readonly #written = new Map<string, number>()

  constructor(client: KubeClient, log: Logger) {
    this.#client = client
    this.#log = log
  }

  /** `wanted`: how many workers the tier should have. */
  async keep(tier: Tier, wanted: number): Promise<void> {
    const minAvailable = Math.max(0, wanted - 1)
    const uid = tier.metadata.uid ?? ''
    if (isDeleting(tier) || this.#written.get(uid) === minAvailable) return
    try {
      await this.#write(budgetOf(tier, minAvailable))
    } catch (error) {
      // Without the right to it everything else goes on, and nodes are drained as they were without budgets.
      if (!isForbidden(error)) throw error
      this.#log.warn({ tier: tier.metadata.name, err: error }, 'its workers have no disruption budget')
    }
    this.#written.set(uid, minAvailable)
  }

  async #write(budget: PodDisruptionBudget): Promise<void> {
    const { name, ownerReferences } = budget.metadata
    const options = { manager: FIELD_MANAGER }
    const known = await this.#client.get(BudgetKind, name)
    if (!known) await this.#client.create(BudgetKind, budget, options)
    else await this.#client.mergePatch(BudgetKind, name, { metadata: { ownerReferences }, spec: budget.spec }, options)
  }
}

/**
 * A number and not `maxUnavailable`: that is for pods whose owner the disruption controller can scale. One that is not ready may
 * always be evicted. It goes with its tier.
 */
const budgetOf = ({ metadata: { name, uid = '' } }: Tier, minAvailable: number): PodDisruptionBudget => ({
  metadata: {
    name: `berth-workers-${name}`,
    ownerReferences: [{ apiVersion: apiVersionOf(TierKind), kind: TierKind.kind, name, uid }],
  },
  spec: {
    minAvailable,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
    selector: { matchLabels: { [APP_LABEL]: WORKER_APP, [TIER_LABEL]: name } },
  },
})
