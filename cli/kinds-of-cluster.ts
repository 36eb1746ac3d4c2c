/** Which kind a manifest is of: any that the cluster serves. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { KubeError } from '@berth/core/kube/error.ts'
import type { Kind } from '@berth/core/model/kind.ts'
import { CliError } from './error.ts'
import type { Manifest } from './manifest.ts'

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[]
}

/** Asks the cluster once for each API group and version. */
export class KindsOfCluster {
  readonly #client: KubeClient
  readonly #lists = new Map<string, Promise<ResourceList | undefined>>()

  constructor(client: KubeClient) {
    this.#client = client
  }

  /** Throws CliError when the cluster does not serve it. */
  async of({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): Promise<Kind> {
    const [version, group = ''] = apiVersion.split('/').reverse() as [string, string?]
    const list = await this.#list(group ? `/apis/${apiVersion}` : `/api/${version}`)
    // Subresources are in the list too, as `tenants/status`.
    const found = list?.resources.find((resource) => resource.kind === kind && !resource.name.includes('/'))
    if (found) return { group, version, plural: found.name, kind, namespaced: found.namespaced }
    throw new CliError(
      `The cluster has no ${kind} in ${apiVersion}. Is it spelled right, and are Berth's CRDs installed?`,
    )
  }

  #list(path: string): Promise<ResourceList | undefined> {
    const known = this.#lists.get(path)
    if (known) return known
    const asked = this.#client.request<ResourceList>('GET', path).catch((error: unknown) => {
      if (error instanceof KubeError && error.status === 404) return undefined
      throw error
    })
    this.#lists.set(path, asked)
    return asked
  }
}
