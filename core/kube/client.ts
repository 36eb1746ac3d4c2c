/** Typed access to the objects of a Kubernetes API. Plain JSON in and out; nothing is cached. */
import type { Dispatcher } from 'undici'
import { apiVersionOf, type Kind } from '../model/kind.ts'
import type { KubeObject } from '../model/meta.ts'
import type { KubeConfig } from './config.ts'
import { isGone, isNotFound } from './error.ts'
import { collectionPath, objectPath } from './path.ts'
import { type RequestOptions, type StreamOptions, Transport, type Wire } from './transport.ts'
import { readWatchEvents, type WatchEvent } from './watch-lines.ts'

const PAGE_SIZE = 500

export interface ClientOptions {
  /** Which of our processes this is, for the User-Agent: `berth-<component>/<version>`. */
  component?: string
  version?: string
  /** Requests per second that we allow ourselves in the long run (50), and at once (100). */
  qps?: number
  burst?: number
}

export interface Selection {
  /** The client's own namespace by default; `ALL_NAMESPACES` for all of them. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  signal?: AbortSignal
}

export interface WriteOptions {
  /** Field manager: who owns the fields that this write sets. */
  manager?: string
  subresource?: string
  /** Checked by the server, but not stored. */
  dryRun?: boolean
  signal?: AbortSignal
}

export interface ApplyOptions extends WriteOptions {
  manager: string
  /** Takes fields over from other managers instead of failing with 409. */
  force?: boolean
}

export interface PatchOptions extends WriteOptions {
  namespace?: string
}

export interface DeleteOptions {
  namespace?: string
  /** Preconditions: delete this very object, in this very state; else 409. */
  uid?: string
  resourceVersion?: string
  gracePeriodSeconds?: number
  propagation?: 'Foreground' | 'Background' | 'Orphan'
  signal?: AbortSignal
}

export interface WatchOptions extends Selection {
  resourceVersion: string
  /** The server ends the watch after this time. */
  timeoutSeconds: number
  signal: AbortSignal
}

export interface JsonPatchOperation {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test'
  path: string
  from?: string
  value?: unknown
}

export interface ObjectList<T> {
  items: T[]
  resourceVersion: string
}

interface RawList<T> {
  metadata: { resourceVersion: string; continue?: string }
  items: T[] | null
}

export class KubeClient {
  /** What is meant where no namespace is said: that of the context, or of our own pod. */
  readonly namespace: string
  readonly #transport: Wire

  /** `wire`: in place of HTTP to the server of `config`. */
  constructor(config: KubeConfig, options: ClientOptions = {}, wire?: Wire) {
    this.namespace = config.namespace
    this.#transport =
      wire ??
      new Transport(config, {
        userAgent: `berth-${options.component ?? 'client'}/${options.version ?? 'dev'}`,
        qps: options.qps ?? 50,
        burst: options.burst ?? 100,
      })
  }

  /** The object, or undefined when there is none. A kind that the server doesn't serve is an error. */
  async get<T extends KubeObject>(kind: Kind<T>, name: string, namespace = this.namespace): Promise<T | undefined> {
    try {
      return await this.request<T>('GET', objectPath(kind, namespace, name))
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** All objects of a kind, read in pages of one consistent snapshot. */
  async list<T extends KubeObject>(kind: Kind<T>, selection: Selection = {}): Promise<ObjectList<T>> {
    try {
      return await this.#listInPages(kind, selection, PAGE_SIZE)
    } catch (error) {
      // The snapshot was compacted away between two pages: take everything in one answer.
      if (isGone(error)) return this.#listInPages(kind, selection, undefined)
      throw error
    }
  }

  /** The version that the server's objects of a kind are at now. */
  async versionOf(
    kind: Kind,
    { namespace = this.namespace, signal }: Pick<Selection, 'namespace' | 'signal'>,
  ): Promise<string> {
    const query = { limit: 1 }
    const { metadata } = await this.request<RawList<KubeObject>>('GET', collectionPath(kind, namespace), {
      query,
      signal,
    })
    return metadata.resourceVersion
  }

  /** Events after a resource version. Ends when the server ends it; throws KubeError and WatchFormatError. */
  watch<T extends KubeObject>(kind: Kind<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    }
    const path = collectionPath(kind, options.namespace ?? this.namespace)
    return this.watchPath<T>(path, { query, signal: options.signal })
  }

  /** A watch of any kind and form: path under the server's URL. Throws KubeError and WatchFormatError. */
  async *watchPath<T>(path: string, options: StreamOptions): AsyncGenerator<WatchEvent<T>> {
    const chunks = await this.#transport.stream(path, options)
    try {
      yield* readWatchEvents<T>(chunks)
    } catch (error) {
      throw this.#transport.streamError(error, path, options.signal)
    }
  }

  /** Creates an object. In `metadata`, `name` may be empty when `generateName` is set. */
  create<T extends KubeObject>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.request<T>('POST', collectionPath(kind, object.metadata.namespace ?? this.namespace), {
      query: writeQuery(options),
      body: this.#toSend(kind, object),
      signal: options.signal,
    })
  }

  /** Replaces a whole object; with `metadata.resourceVersion` only if that is still its state, else 409. */
  replace<T extends KubeObject>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return this.request<T>('PUT', this.#pathOf(kind, object, options.subresource), {
      query: writeQuery(options),
      body: this.#toSend(kind, object),
      signal: options.signal,
    })
  }

  /**
   * Server-side apply. Send the complete set of the manager's fields each time: one that was sent before and is left
   * out now is removed. `metadata.resourceVersion` in the object makes it conditional (409).
   */
  apply<T extends KubeObject>(kind: Kind<T>, object: Applied<T>, options: ApplyOptions): Promise<T> {
    return this.request<T>('PATCH', this.#pathOf(kind, object, options.subresource), {
      query: { ...writeQuery(options), force: options.force },
      // JSON is YAML; there is no JSON media type for this patch.
      contentType: 'application/apply-patch+yaml',
      body: this.#toSend(kind, object),
      signal: options.signal,
    })
  }

  /** JSON merge patch (RFC 7396): objects are merged, lists replaced, null removes. */
  mergePatch<T extends KubeObject>(kind: Kind<T>, name: string, patch: object, options: PatchOptions = {}): Promise<T> {
    return this.#patch(kind, name, 'application/merge-patch+json', patch, options)
  }

  /** JSON patch (RFC 6902). A `test` that fails is a 422: isInvalid(). */
  jsonPatch<T extends KubeObject>(
    kind: Kind<T>,
    name: string,
    patch: JsonPatchOperation[],
    options: PatchOptions = {},
  ): Promise<T> {
    return this.#patch(kind, name, 'application/json-patch+json', patch, options)
  }

  /** Asks for an object's deletion, which finalizers may delay. False when it was gone already. */
  async delete(kind: Kind, name: string, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion, gracePeriodSeconds, propagation } = options
    try {
      await this.request('DELETE', objectPath(kind, options.namespace ?? this.namespace, name), {
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          gracePeriodSeconds,
          propagationPolicy: propagation,
          ...(uid || resourceVersion ? { preconditions: { uid, resourceVersion } } : {}),
        },
        signal: options.signal,
      })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  /** A request of any kind: path under the server's URL, JSON in and out. Throws KubeError. */
  request<T>(method: Dispatcher.HttpMethod, path: string, options?: RequestOptions): Promise<T> {
    return this.#transport.request<T>(method, path, options)
  }

  /** Ends all connections, those of watches too. */
  close(): Promise<void> {
    return this.#transport.close()
  }

  #patch<T extends KubeObject>(
    kind: Kind<T>,
    name: string,
    contentType: string,
    body: unknown,
    options: PatchOptions,
  ): Promise<T> {
    const path = objectPath(kind, options.namespace ?? this.namespace, name, options.subresource)
    return this.request<T>('PATCH', path, { query: writeQuery(options), contentType, body, signal: options.signal })
  }

  async #listInPages<T extends KubeObject>(
    kind: Kind<T>,
    selection: Selection,
    limit: number | undefined,
  ): Promise<ObjectList<T>> {
    const { labelSelector, fieldSelector, signal } = selection
    const path = collectionPath(kind, selection.namespace ?? this.namespace)
    const typeMeta = { apiVersion: apiVersionOf(kind), kind: kind.kind }
    const items: T[] = []
    let next: string | undefined
    let resourceVersion = ''
    do {
      const query = { limit, continue: next, labelSelector, fieldSelector }
      const page = await this.request<RawList<T>>('GET', path, { query, signal })
      for (const item of page.items ?? []) items.push(Object.assign(item, typeMeta))
      next = page.metadata.continue || undefined
      resourceVersion = page.metadata.resourceVersion
    } while (next)
    return { items, resourceVersion }
  }

  #pathOf(kind: Kind, object: KubeObject, subresource?: string): string {
    return objectPath(kind, object.metadata.namespace ?? this.namespace, object.metadata.name, subresource)
  }

  /** The object as a request body: with its type, and without managedFields, which apply refuses and nobody sets. */
  #toSend(kind: Kind, object: KubeObject): object {
    const { managedFields: _, ...metadata } = object.metadata
    return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata }
  }
}

/** What a manager applies: its own fields only, so any part may be missing, except for the identity. */
export type Applied<T extends KubeObject> = Partial<Omit<T, 'metadata'>> & { metadata: KubeObject['metadata'] }

const writeQuery = ({ manager, dryRun }: WriteOptions) => ({
  fieldManager: manager,
  dryRun: dryRun ? 'All' : undefined,
})
