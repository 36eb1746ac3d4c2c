/**
 * The cluster's nodes, where the operator may read them (BERTH_READ_NODES). With them it knows of hosts that have no
 * worker yet, such as one that is back, and of zones; without them it goes by the pods that it has. Nothing waits for them.
 */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import type { Node, Pod } from '@berth/core/model/builtin.ts'
import { NodeKind } from '@berth/core/model/kind.ts'
import { byText } from '@berth/core/placement/sort.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'

export const ZONE_LABEL = 'topology.kubernetes.io/zone'

type Selector = Readonly<Record<string, string>>

export class Nodes {
  readonly #reflector: Reflector<Node>

  constructor(client: KubeClient, log: Logger, onChange: () => void) {
    this.#reflector = new Reflector(client, NodeKind, { namespace: client.namespace, log, onChange })
    this.#reflector.synced.catch(() => {})
  }

  start(): void {
    this.#reflector.start()
  }

  stop(): Promise<void> {
    return this.#reflector.stop()
  }

  /** Names of those that take pods with this selector, in order; undefined: they were not listed so far. */
  usable(selector: Selector): string[] | undefined {
    return this.#reflector.isSynced ? usableNodes(this.#reflector.list(), selector) : undefined
  }

  zoneOf(node: string | undefined): string | undefined {
    return node === undefined ? undefined : this.#reflector.get(node)?.metadata.labels?.[ZONE_LABEL]
  }
}

/** Ready, not cordoned, without a taint that keeps pods away, and with the labels that are asked for. */
export const usableNodes = (nodes: readonly Node[], selector: Selector): string[] =>
  nodes
    .filter(({ metadata, spec, status }) => {
      const isReady = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      const isTainted = spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule')
      const isSelected = Object.entries(selector).every(([label, value]) => metadata.labels?.[label] === value)
      return isReady && !spec?.unschedulable && !isTainted && isSelected
    })
    .map(({ metadata }) => metadata.name)
    .sort(byText)

/** Nodes that take worker pods, as far as the pods tell: one with nothing ready on it is not known. In order. */
export const hostsOf = (pods: readonly Pod[]): string[] =>
  [...new Set(pods.flatMap((pod) => (pod.spec.nodeName && isReady(pod) ? pod.spec.nodeName : [])))].sort(byText)

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false)
