/** The Berth that a harness works on: one of its own (own-berth.ts), or a person's, in which it is a guest (guest-berth.ts). */
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Tenant } from './population.ts'

export interface BerthUnderTest {
  readonly gatewayUrl: string
  readonly simulatorUrl: string
  readonly kubeconfig: string
  readonly databaseUrl: string
  readonly dataDir: string
  /** Others use it, too: what they do is none of ours. */
  readonly isShared: boolean
  /** The processes beside the workers, by name. */
  pids(): Promise<Record<string, number>>
  /** A fast shutdown. */
  stopPostgres(): Promise<void>
  startPostgres(): Promise<void>
  /** Makes the tenants, on tiers whose limits are never met. */
  makeTenants(kube: KubeClient, tenants: Tenant[]): Promise<void>
  /** Leaves nothing behind that was not there before. */
  leave(kube: KubeClient): Promise<void>
  /** At once, when the harness itself ends. */
  kill(): void
}
