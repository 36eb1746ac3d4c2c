/**
 * The operator's view of the Kubernetes API: a copy of every kind that it decides on, and the writes on them. What the API
 * answers to a write goes into the copy at once, so nothing is ever decided on a state older than our own last write.
 */
import type { Applied, KubeClient } from '@berth/core/kube/client.ts'
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isInvalid,
  isNotFound,
  isStatus,
  KubeError,
} from '@berth/core/kube/error.ts'
import { Reflector } from '@berth/core/kube/reflector.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { type Kind, PodKind, SessionKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Tenant } from '@berth/core/model/tenant.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { APP_LABEL, FIELD_MANAGER, WORKER_APP } from './labels.ts'
import { isPodOf } from './pods.ts'

/** One kind: its copy, and conditional writes. */
export class Collection<T extends KubeObject> {
  readonly #client: KubeClient
  readonly #kind: Kind<T>
  readonly #reflector: Reflector<T>
  readonly #log: Logger

  constructor(
    client: KubeClient,
    kind: Kind<T>,
    options: { log: Logger; onChange: () => void; labelSelector?: string },
  ) {
    const { log, onChange, labelSelector } = options
    this.#client = client
    this.#kind = kind
    this.#log = log
    this.#reflector = new Reflector(client, kind, { namespace: client.namespace, labelSelector, log, onChange })
  }

  start(): void {
    this.#reflector.start()
  }

  stop(): Promise<void> {
    return this.#reflector.stop()
  }

  get synced(): Promise<void> {
    return this.#reflector.synced
  }

  get isSynced(): boolean {
    return this.#reflector.isSynced
  }

  list(): T[] {
    return this.#reflector.list()
  }

  get(name: string): T | undefined {
    return this.#reflector.get(name)
  }

  /** Is it there, by the server's own word? */
  async exists(name: string, uid: string | undefined): Promise<boolean> {
    return (await this.#client.get(this.#kind, name))?.metadata.uid === uid
  }

  /**
   * Undefined: there is one of that name already, or the API refused the object. With `onRefused` it is told why, also where a
   * quota or a policy forbids it; that is an error else.
   */
  create(object: T, onRefused?: (why: string) => void): Promise<T | undefined> {
    const answer = this.#client.create(this.#kind, object, { manager: FIELD_MANAGER })
    return this.#write('create', object.metadata.name, answer, onRefused)
  }

  /** Our whole part of the status. Undefined: the object has changed or gone since; look again. */
  applyStatus(object: T, status: object): Promise<T | undefined> {
    const { name, namespace, resourceVersion, uid } = object.metadata
    const applied = { metadata: { name, namespace, resourceVersion, uid }, status } as unknown as Applied<T>
    const options = { manager: FIELD_MANAGER, force: true, subresource: 'status' } as const
    return this.#write('status', name, this.#client.apply(this.#kind, applied, options))
  }

  /** Changes an object in the state in which we know it. Undefined as above. */
  patch(object: T, patch: { metadata?: object; spec?: object }): Promise<T | undefined> {
    const { name, resourceVersion } = object.metadata
    const body = { ...patch, metadata: { ...patch.metadata, resourceVersion } }
    return this.#write('patch', name, this.#client.mergePatch(this.#kind, name, body, { manager: FIELD_MANAGER }))
  }

  addFinalizer(object: T, finalizer: string, spec?: object): Promise<T | undefined> {
    const finalizers = [...(object.metadata.finalizers ?? []), finalizer]
    return this.patch(object, { metadata: { finalizers }, ...(spec ? { spec } : {}) })
  }

  /** The object may be gone after this. False: look again. */
  async removeFinalizer(object: T, finalizer: string): Promise<boolean> {
    const finalizers = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer)
    return (await this.patch(object, { metadata: { finalizers } })) !== undefined
  }

  /** Asks for the deletion of an object in the state in which we know it. False: it has changed, or was gone. */
  async delete(object: T): Promise<boolean> {
    const { name, uid, resourceVersion } = object.metadata
    try {
      return await this.#client.delete(this.#kind, name, { uid, resourceVersion })
    } catch (error) {
      if (!isConflict(error)) throw error
      return false
    }
  }

  async #write(
    what: string,
    name: string,
    answer: Promise<T>,
    onRefused?: (why: string) => void,
  ): Promise<T | undefined> {
    try {
      const object = await answer
      // The answer to the removal of the last finalizer speaks of an object that is gone; the watch will say so.
      if (!object.metadata.deletionTimestamp || object.metadata.finalizers?.length) this.#reflector.observe(object)
      return object
    } catch (error) {
      const context = { kind: this.#kind.kind, name, what, err: error }
      // One object that breaks a rule must not keep the others waiting.
      if (isInvalid(error) || (onRefused && isForbidden(error))) {
        this.#log.warn(context, 'a write was refused by the API')
        onRefused?.(wordsOf(error))
      } else if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error
      else this.#log.debug(context, 'overtaken by another write')
      return undefined
    }
  }
}

/** What the API says, without what it was asked. */
const wordsOf = (error: unknown): string =>
  (error instanceof KubeError && isStatus(error.body) && error.body.message) || (error as Error).message

export interface Resources {
  tiers: Collection<Tier>
  tenants: Collection<Tenant>
  sessions: Collection<WhatsAppSession>
  workers: Collection<Worker>
  pods: Collection<Pod>
}

/** `onChange` is called for each change of any of them. */
export function openResources(client: KubeClient, log: Logger, onChange: () => void): Resources {
  const options = { log, onChange }
  return {
    tiers: new Collection(client, TierKind, options),
    tenants: new Collection(client, TenantKind, options),
    sessions: new Collection(client, SessionKind, options),
    workers: new Collection(client, WorkerKind, options),
    pods: new Collection(client, PodKind, { ...options, labelSelector: `${APP_LABEL}=${WORKER_APP}` }),
  }
}

export const collections = (resources: Resources): Collection<never>[] =>
  Object.values(resources) as unknown as Collection<never>[]

/** The pod that was made for this very worker. */
export function podOf(worker: Worker, { pods }: Pick<Resources, 'pods'>): Pod | undefined {
  const pod = pods.get(worker.metadata.name)
  return pod && isPodOf(pod, worker) ? pod : undefined
}

export const hasFinalizer = (object: KubeObject, finalizer: string): boolean =>
  object.metadata.finalizers?.includes(finalizer) ?? false

export const isDeleting = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined
