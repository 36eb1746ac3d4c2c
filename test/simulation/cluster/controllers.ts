/** What a cluster does by itself: binds pods to hosts, removes pods whose owner is gone, and notices hosts that are silent. */
import type { Pod } from '@berth/core/model/builtin.ts'
import type { KubeObject } from '../kubernetes/object.ts'
import type { Surroundings } from '../surroundings.ts'
import type { Host } from './host.ts'

const LOOK_MS = 100
/** As a cluster's node controller has it. */
const SILENT_MS = 40_000

export class Controllers {
  readonly #world: Surroundings
  readonly #hosts: readonly Host[]

  constructor(world: Surroundings, hosts: readonly Host[]) {
    this.#world = world
    this.#hosts = hosts
    this.#lookAgain()
  }

  #lookAgain(): void {
    const { time, kubernetes } = this.#world
    time.after(LOOK_MS, kubernetes.process, () => {
      if (kubernetes.isUp) this.#look()
      this.#lookAgain()
    })
  }

  #look(): void {
    const { api, time } = this.#world
    for (const pod of api.list<Pod>('pods')) {
      const { name, deletionTimestamp } = pod.metadata
      if (!pod.spec.nodeName && deletionTimestamp) api.delete('pods', name, { graceless: true }, 'cluster')
      else if (!pod.spec.nodeName) this.#bind(pod)
      else if (this.#isOrphan(pod) && !deletionTimestamp) api.delete('pods', name, {}, 'cluster')
      else if (this.#isReady(pod) && time.now - (this.#host(pod)?.heardAt ?? 0) > SILENT_MS) {
        const conditions = [{ type: 'Ready', status: 'Unknown' }]
        api.patch('pods', name, { status: { conditions } }, true, 'cluster')
      }
    }
  }

  #bind({ metadata }: Pod): void {
    const { api } = this.#world
    const load = (host: Host) => api.list<Pod>('pods').filter(({ spec }) => spec.nodeName === host.name).length
    const [host] = this.#hosts.filter(({ isUp }) => isUp).sort((a, b) => load(a) - load(b))
    if (host) api.patch('pods', metadata.name, { spec: { nodeName: host.name } }, false, 'cluster')
  }

  #isOrphan({ metadata }: Pod): boolean {
    const owner = metadata.ownerReferences?.[0]
    return owner !== undefined && this.#world.api.find<KubeObject>('workers', owner.name)?.metadata.uid !== owner.uid
  }

  #host = ({ spec }: Pod): Host | undefined => this.#hosts.find(({ name }) => name === spec.nodeName)

  #isReady = ({ status }: Pod): boolean => status?.conditions?.some((one) => one.status === 'True') ?? false
}
