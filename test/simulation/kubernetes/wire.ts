/** How a simulated process reaches the Kubernetes API: the real client speaks over this in place of HTTP. */

import { KubeError } from '@berth/core/kube/error.ts'
import { compileSelectors } from '@berth/core/kube/selector.ts'
import type { Query, RequestOptions, StreamOptions, Wire } from '@berth/core/kube/transport.ts'
import { type Network, NotSimulated } from '../network.ts'
import type { Process } from '../process.ts'
import type { Server } from '../server.ts'
import type { KubeApi } from './api.ts'
import type { KubeObject, Patch } from './object.ts'
import { expired, tooLarge } from './refusal.ts'
import type { Watch, Watches } from './watches.ts'

const SERVER = 'https://kubernetes.simulated'
const REQUEST_TIMEOUT_MS = 30_000
const PATH = /^\/apis?(\/[^/]+)?\/v\w+\/namespaces\/[^/]+\/(?<plural>[^/]+)(\/(?<name>[^/]+))?(\/(?<subresource>\w+))?$/

interface Target {
  plural: string
  name: string
  subresource?: string
}

export class KubeWire implements Wire {
  readonly #process: Process
  readonly #network: Network
  readonly #server: Server
  readonly #api: KubeApi
  readonly #watches: Watches

  constructor(process: Process, world: { network: Network; kubernetes: Server; api: KubeApi; watches: Watches }) {
    this.#process = process
    this.#network = world.network
    this.#server = world.kubernetes
    this.#api = world.api
    this.#watches = world.watches
  }

  request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body)
    const what = `${method} ${shortly(path)}`
    return this.#call(what, options.timeoutMs ?? REQUEST_TIMEOUT_MS, () => {
      const sent = body === undefined ? undefined : (JSON.parse(body) as KubeObject)
      return structuredClone(this.#answer(method, path, sent, options)) as T
    })
  }

  async stream(path: string, { query = {}, signal }: StreamOptions): Promise<AsyncIterable<Uint8Array>> {
    const { plural } = targetOf(path)
    const since = Number(query.resourceVersion)
    const watch = await this.#call(`watch ${plural}`, REQUEST_TIMEOUT_MS, () => this.#open(plural, since, query))
    signal.throwIfAborted()
    return watch.chunks(signal)
  }

  streamError(error: unknown, path: string, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason
    return error instanceof KubeError ? error : KubeError.unreachable(SERVER, path, error)
  }

  async close(): Promise<void> {}

  #call<T>(what: string, timeoutMs: number, carryOut: () => T): Promise<T> {
    const fail = (why: string) =>
      why === 'timeout'
        ? KubeError.timeout(SERVER, what, timeoutMs)
        : KubeError.unreachable(SERVER, what, new Error('connection refused'))
    return this.#network.call(this.#process, this.#server, { what, timeoutMs, carryOut, fail })
  }

  #open(plural: string, since: number, query: Query): Watch {
    const matches = matcherOf(query)
    if (since > this.#api.version && this.#watches.refusesFuture) throw tooLarge()
    const past = this.#api.since(since)
    if (!past) throw expired()
    const lasts = Number(query.timeoutSeconds) * 1000
    return this.#watches.open({ process: this.#process, plural, matches, since, past, lasts })
  }

  #answer(method: string, path: string, sent: KubeObject | undefined, options: RequestOptions): unknown {
    const api = this.#api
    const by = this.#process.name
    const { plural, name, subresource } = targetOf(path)
    switch (method) {
      case 'GET':
        return name ? api.get(plural, name) : this.#list(plural, options.query ?? {})
      case 'POST':
        return api.create(plural, sent!, by)
      case 'PUT':
        return api.replace(plural, sent!, by)
      case 'DELETE':
        return api.delete(plural, name, preconditionsOf(sent as never), by)
      default:
        return options.contentType?.includes('apply')
          ? api.applyStatus(plural, name, sent as Patch, String(options.query?.fieldManager), by)
          : api.patch(plural, name, sent as Patch, subresource === 'status', by)
    }
  }

  #list(plural: string, query: Query): object {
    const items = this.#api.list(plural).filter(matcherOf(query))
    return { metadata: { resourceVersion: String(this.#api.version) }, items }
  }
}

const matcherOf = ({ labelSelector, fieldSelector }: Query) =>
  compileSelectors({ labelSelector: labelSelector as string, fieldSelector: fieldSelector as string }) as (
    object: KubeObject,
  ) => boolean

const preconditionsOf = (options: {
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
}) => ({ ...options.preconditions, graceless: options.gracePeriodSeconds === 0 })

function targetOf(path: string): Target {
  const groups = PATH.exec(path)?.groups
  if (!groups) throw new NotSimulated(`not a path that the simulated API knows: ${path}`)
  return { name: '', ...groups } as unknown as Target
}

const shortly = (path: string): string => path.slice(path.indexOf('/namespaces/') + 20)
