/**
 * Writes what a tenant wants of its sessions into Kubernetes: server-side apply as the manager `berth-gateway`, never by
 * force. Only the fields that a change touches are claimed, beside those that the gateway manages already, so that a
 * session can be declared by GitOps and still be started by its tenant, as long as nobody else manages that field.
 */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isConflict, isInvalid, isNotFound, KubeError } from '@berth/core/kube/error.ts'
import { objectPath } from '@berth/core/kube/path.ts'
import { SessionKind } from '@berth/core/model/kind.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { Problem } from './problems/problem.ts'
import { conflictsOf, fieldErrorsOf, specToApply, type Wish } from './wish.ts'

export const FIELD_MANAGER = 'berth-gateway'

const RETRY_AFTER_SECONDS = 5
const TIMEOUT_MS = 5000
const MAX_ATTEMPTS = 5

/** A session's resource, and the tenant that it must belong to. */
export interface ResourceKey {
  resourceName: string
  tenant: string
}

export interface Declared {
  session: WhatsAppSession
  /** There was none before. */
  created: boolean
}

export class ControlPlane {
  readonly namespace: string
  readonly #client: KubeClient
  readonly #log: Logger

  constructor(client: KubeClient, namespace: string, log: Logger) {
    this.#client = client
    this.namespace = namespace
    this.#log = log
  }

  /** The resource, if it is there and the tenant's. Throws Problem control_plane_unavailable, as all of these. */
  find({ resourceName, tenant }: ResourceKey): Promise<WhatsAppSession | undefined> {
    return this.#ask(async (signal) => {
      try {
        const path = objectPath(SessionKind, this.namespace, resourceName)
        const session = await this.#client.request<WhatsAppSession>('GET', path, { signal })
        return session.spec.tenant === tenant ? session : undefined
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw error
      }
    })
  }

  /**
   * Applies what `wishFor` wants of the resource as it is; it may be asked again when somebody else was faster.
   * Throws Problem managed_elsewhere, validation_failed, session_being_deleted.
   */
  async declare(
    key: ResourceKey,
    wishFor: (current: WhatsAppSession | undefined) => Wish | Promise<Wish>,
  ): Promise<Declared> {
    for (let attempt = 1; ; attempt++) {
      const current = await this.find(key)
      if (current?.metadata.deletionTimestamp) throw new Problem('session_being_deleted', { retryAfterSeconds: 2 })
      const spec = specToApply(current, await wishFor(current), key.tenant, FIELD_MANAGER)
      if (current && !spec) return { session: current, created: false }
      try {
        return { session: await this.#apply(key.resourceName, spec, current), created: !current }
      } catch (error) {
        if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  /** Asks for the session's deletion; false when it was gone already. */
  delete({ resourceName }: ResourceKey, uid?: string): Promise<boolean> {
    return this.#ask((signal) =>
      this.#client.delete(SessionKind, resourceName, { namespace: this.namespace, ...(uid && { uid }), signal }),
    )
  }

  #apply(name: string, spec: object | undefined, current: WhatsAppSession | undefined): Promise<WhatsAppSession> {
    const resourceVersion = current?.metadata.resourceVersion
    const metadata = { name, namespace: this.namespace, ...(resourceVersion && { resourceVersion }) }
    return this.#ask(async (signal) => {
      try {
        // Applied fields only: the rest of the spec is somebody else's, or a default.
        const object = { metadata, spec: spec as WhatsAppSession['spec'] }
        return await this.#client.apply(SessionKind, object, { manager: FIELD_MANAGER, signal })
      } catch (error) {
        const conflicts = conflictsOf(error)
        if (conflicts) throw new Problem('managed_elsewhere', { detail: conflicts })
        if (isInvalid(error)) throw new Problem('validation_failed', { errors: fieldErrorsOf(error) })
        throw error
      }
    })
  }

  /** Runs a request with a deadline; everything that is not the caller's business becomes "not possible now". */
  async #ask<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    try {
      return await work(signal)
    } catch (error) {
      if (error instanceof Problem || isConflict(error)) throw error
      if (!(error instanceof KubeError) && !signal.aborted) throw error
      // An answer that says no is a fault of the installation (rights, CRDs); no answer may well pass by itself.
      const refused = error instanceof KubeError && error.status >= 400 && error.status < 429
      const details = { error: (error as Error).message }
      if (refused) this.#log.error(details, 'Kubernetes refuses what the gateway asks for')
      else this.#log.warn(details, 'Kubernetes can not be reached')
      throw new Problem('control_plane_unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
    }
  }
}
