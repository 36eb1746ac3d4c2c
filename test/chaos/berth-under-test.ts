/**
 * The Berth that a harness works on: one of its own on this machine (own-berth.ts), a person's, in which it is a guest
 * (guest-berth.ts), or one on a real Kubernetes (test/cluster/cluster-berth.ts).
 */
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import type { Population } from './population.ts'

export interface BerthUnderTest {
  readonly gatewayUrl: string
  readonly simulatorUrl: string
  /** Its context names the installation's namespace. */
  readonly kubeconfig: string
  readonly databaseUrl: string
  readonly dataDir: string
  /** Others use it, too: what they do is none of ours. */
  readonly isShared: boolean
  /** An address of this machine that its gateways reach by webhooks; undefined: there is none. */
  readonly webhookHost?: string
  /** The process of a worker's container, by its number on this machine; undefined while none runs. */
  processOf(pod: Pod): Promise<number | undefined>
  /** A fast shutdown. */
  stopPostgres(): Promise<void>
  startPostgres(): Promise<void>
  /** Makes the tenants, on tiers whose limits are never met. Sessions that it leaves out are made through the API. */
  makeCustomers(kube: KubeClient, population: Population): Promise<void>
  /** Leaves nothing behind that was not there before. */
  leave(kube: KubeClient): Promise<void>
  /** At once, when the harness itself ends. */
  kill(): void
}
