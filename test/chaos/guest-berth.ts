/**
 * A Berth that somebody runs with `npm start`, in which the harness is a guest: it makes tiers and tenants of its own, so
 * that its sessions run on workers of their own, and takes them away in the end. A guest that was killed is tidied up after
 * by the next one. Postgres is stopped by the running Berth itself, which starts it again whatever becomes of us.
 */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { defaultTiers } from '@berth/core/model/defaults.ts'
import { SessionKind, TenantKind, TierKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import type { Whereabouts } from '@berth/local/control.ts'
import type { RunningBerth } from '@berth/local/running.ts'
import { type LocalBerth, localProcessOf } from './local-berth.ts'
import type { Population, Tenant } from './population.ts'
import { LIMITS, untilTiersAreTakenUp } from './tiers.ts'
import { until } from './until.ts'

/** On everything that we make. */
const OURS = { 'app.kubernetes.io/managed-by': 'berth-demo' }
const LABEL_SELECTOR = 'app.kubernetes.io/managed-by=berth-demo'
/** A logout that nobody can do is given up after less. */
const GONE_TIMEOUT_MS = 150_000

const tierOf = (tier: Tenant['tier']): string => `demo-${tier}`

export class GuestBerth implements LocalBerth {
  readonly isShared = true
  readonly webhookHost = '127.0.0.1'
  readonly processOf = localProcessOf
  readonly gatewayUrl: string
  readonly simulatorUrl: string
  readonly kubeconfig: string
  readonly databaseUrl: string
  readonly dataDir: string
  readonly #running: RunningBerth

  /** @param where with a simulator, and with a Postgres that can be stopped */
  constructor(running: RunningBerth, where: Whereabouts & { simulatorUrl: string }) {
    this.#running = running
    this.gatewayUrl = where.gatewayUrl
    this.simulatorUrl = where.simulatorUrl
    this.kubeconfig = where.kubeconfig
    this.databaseUrl = where.databaseUrl
    this.dataDir = where.dataDir
  }

  async pids(): Promise<Record<string, number>> {
    return (await this.#running.where()).pids
  }

  stopPostgres(): Promise<void> {
    return this.#running.pausePostgres()
  }

  startPostgres(): Promise<void> {
    return this.#running.resumePostgres()
  }

  async makeCustomers(kube: KubeClient, { tenants }: Population): Promise<void> {
    await takeAway(kube)
    for (const { metadata, spec } of defaultTiers) {
      const { displayName, limits } = spec
      const raised = { ...spec, displayName: `${displayName} (demo)`, limits: { ...limits, ...LIMITS } }
      const name = tierOf(metadata.name as Tenant['tier'])
      await kube.create(TierKind, { metadata: { name, labels: OURS }, spec: raised })
    }
    await untilTiersAreTakenUp(kube)
    for (const { name, tier } of tenants) {
      const spec = TenantSpec.parse({ tier: tierOf(tier), displayName: name })
      await kube.create(TenantKind, { metadata: { name, labels: OURS }, spec })
    }
  }

  async leave(kube: KubeClient): Promise<void> {
    await this.startPostgres()
    await takeAway(kube)
  }

  /** It goes on without us. */
  kill(): void {}
}

/** The sessions first: a tenant goes once it has none, a tier once it has no tenants. */
async function takeAway(kube: KubeClient): Promise<void> {
  const labelSelector = LABEL_SELECTOR
  const nameOf = ({ metadata }: KubeObject) => metadata.name!
  const tenants = (await kube.list(TenantKind, { labelSelector })).items.map(nameOf)
  const tiers = (await kube.list(TierKind, { labelSelector })).items.map(nameOf)
  const sessions = (await kube.list(SessionKind)).items.filter(({ spec }) => tenants.includes(spec.tenant))
  for (const session of sessions) await kube.delete(SessionKind, nameOf(session))
  for (const tenant of tenants) await kube.delete(TenantKind, tenant)
  for (const tier of tiers) await kube.delete(TierKind, tier)
  await until('what the demo made is gone', GONE_TIMEOUT_MS, async () => {
    const left = [await kube.list(TenantKind, { labelSelector }), await kube.list(TierKind, { labelSelector })]
    return left.every(({ items }) => items.length === 0)
  })
}
